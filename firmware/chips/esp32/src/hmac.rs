//! HMAC-SHA-256 by a key in the fuses, which the peripheral reads and software can't.
use core::slice;
use esp_hal::{
    hmac::{Hmac, HmacPurpose, KeyId},
    peripherals::{HMAC, SHA, SYSTEM},
    sha::Sha,
};

const KEYS: [KeyId; 6] = [KeyId::Key0, KeyId::Key1, KeyId::Key2, KeyId::Key3, KeyId::Key4, KeyId::Key5];

/// The peripheral hashes by the one for SHA, which the signature peripheral holds in reset until it has its clock and was released.
fn release_sha() {
    static LOCK: esp_sync::RawMutex = esp_sync::RawMutex::new();
    LOCK.lock(|| {
        #[cfg(feature = "esp32c3")]
        {
            SYSTEM::regs().perip_clk_en1().modify(|_, w| w.crypto_ds_clk_en().set_bit());
            SYSTEM::regs().perip_rst_en1().modify(|_, w| w.crypto_ds_rst().clear_bit());
        }
        #[cfg(feature = "esp32c6")]
        SYSTEM::regs().ds_conf().modify(|_, w| w.ds_clk_en().set_bit().ds_rst_en().clear_bit());
    })
}

/// False when the fuses have another purpose for the key than to give its result to software.
#[unsafe(no_mangle)]
extern "C" fn esp32_hmac(key: u32, message: *const u8, length: usize, result: *mut u8) -> bool {
    let (mut rest, result) = unsafe { (slice::from_raw_parts(message, length), slice::from_raw_parts_mut(result, 32)) };
    let _sha = Sha::new(unsafe { SHA::steal() });
    release_sha();
    let mut hmac = Hmac::new(unsafe { HMAC::steal() });
    hmac.init();
    let Some(key) = KEYS.get(key as usize) else { return false };
    if hmac.configure(HmacPurpose::ToUser, *key).is_err() {
        return false;
    }
    while !rest.is_empty() {
        rest = hmac.update(rest).unwrap_or(rest);
    }
    while hmac.finalize(result).is_err() {}
    true
}
