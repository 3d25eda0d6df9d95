//! The general SPI controller, as an initiator. Chip select is a pin of the app's.
use crate::{cell::Place, pins};
use core::slice::{from_raw_parts, from_raw_parts_mut};
use esp_hal::{
    Blocking,
    peripherals::SPI2,
    spi::{
        Mode,
        master::{Config, Spi},
    },
    time::Rate,
};

const LEAST_HZ: u32 = 100_000;
const MOST_HZ: u32 = 20_000_000;
/// Of the controller's own buffer.
const PART_BYTES: usize = 64;

static BUS: Place<Spi<'static, Blocking>> = Place::empty();

#[unsafe(no_mangle)]
extern "C" fn esp32_spi_open(clock: u32, out: u32, input: u32, hz: u32, mode: u32) -> u32 {
    let hz = hz.clamp(LEAST_HZ, MOST_HZ);
    let mode = [Mode::_0, Mode::_1, Mode::_2, Mode::_3][(mode & 3) as usize];
    let config = Config::default().with_frequency(Rate::from_hz(hz)).with_mode(mode);
    BUS.take();
    let Ok(bus) = Spi::new(unsafe { SPI2::steal() }, config) else { return 0 };
    BUS.put(bus.with_sck(pins::take(clock)).with_mosi(pins::take(out)).with_miso(pins::take(input)));
    hz
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_spi_message(out: *const u8, input: *mut u8, length: usize) -> bool {
    let mut part = [0; PART_BYTES];
    let moved = BUS.with(|bus| {
        (0..length).step_by(PART_BYTES).all(|at| {
            let part = &mut part[..PART_BYTES.min(length - at)];
            part.fill(0);
            if !out.is_null() {
                part.copy_from_slice(unsafe { from_raw_parts(out.add(at), part.len()) });
            }
            if bus.transfer(part).is_err() {
                return false;
            }
            if !input.is_null() {
                unsafe { from_raw_parts_mut(input.add(at), part.len()) }.copy_from_slice(part);
            }
            true
        })
    });
    moved.unwrap_or(false)
}
