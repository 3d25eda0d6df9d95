//! Start-up, time and the panic handler: what esp32.h offers besides radio, console, pins, buses and keys. It holds no logic of its own.
#![no_std]
#![no_main]

mod analog;
mod cell;
mod console;
mod hmac;
mod pins;
mod pwm;
mod radio;
mod serial;
mod sleep;
mod spi;

use cell::Place;
use core::fmt::Write;
use esp_hal::{
    clock::CpuClock,
    rng::Rng,
    rtc_cntl::{Rtc, RwdtStage, RwdtStageAction},
    time::{Duration, Instant},
    timer::timg::TimerGroup,
};

esp_bootloader_esp_idf::esp_app_desc!();

/// What the vendor's boot loader leaves free once it is done (esp-hal's dram2_seg): all of it is the radio's heap.
const RADIO_HEAP_BYTES: usize = 65_024;
/// Longer than the engine lets one event take, as chip.h wants it.
const WATCHDOG_S: u64 = 12;

static RTC: Place<Rtc<'static>> = Place::empty();

unsafe extern "C" {
    fn chip_start();
    fn runtime_main() -> i32;
    fn chip_panicked() -> !;
}

#[esp_hal::main]
fn main() -> ! {
    let parts = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: RADIO_HEAP_BYTES);
    let mut rtc = Rtc::new(parts.RTC_TIMER);
    rtc.rwdt.set_timeout(RwdtStage::Stage0, Duration::from_secs(WATCHDOG_S));
    rtc.rwdt.set_stage_action(RwdtStage::Stage0, RwdtStageAction::ResetCore);
    rtc.rwdt.enable();
    RTC.put(rtc);
    console::start(parts.UART0, parts.USB_DEVICE);
    esp_rtos::start(TimerGroup::new(parts.TIMG0).timer0, parts.FROM_CPU_INTR0);
    radio::keep(parts.WIFI);
    unsafe {
        chip_start();
        runtime_main();
    }
    esp_hal::system::software_reset()
}

#[unsafe(no_mangle)]
extern "C" fn esp32_microseconds() -> u64 {
    Instant::now().duration_since_epoch().as_micros()
}

#[unsafe(no_mangle)]
extern "C" fn esp32_wait(us: u32) {
    esp_rtos::CurrentThreadHandle::get().delay(Duration::from_micros(us.into()));
}

#[unsafe(no_mangle)]
extern "C" fn esp32_watchdog_feed() {
    RTC.with(|rtc| rtc.rwdt.feed());
}

#[unsafe(no_mangle)]
extern "C" fn esp32_restart() -> ! {
    console::flush();
    esp_hal::system::software_reset()
}

#[unsafe(no_mangle)]
extern "C" fn esp32_random() -> u32 {
    Rng::new().random()
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = writeln!(console::Writer, "latchkey: {info}\r");
    unsafe { chip_panicked() }
}
