//! Pins by the chip's own numbers.
use crate::cell::Place;
use esp_hal::gpio::{AnyPin, Flex, InputConfig, OutputConfig, Pull};

const PINS: usize = 31;
static OPENED: [Place<Flex<'static>>; PINS] = [const { Place::empty() }; PINS];

#[unsafe(no_mangle)]
extern "C" fn esp32_pin_open(pin: u32, is_output: bool) {
    let Some(place) = OPENED.get(pin as usize) else { return };
    // C opens each pin of board.json once, and nothing else here uses one.
    let mut opened = Flex::new(unsafe { AnyPin::steal(pin as u8) });
    if is_output {
        opened.apply_output_config(&OutputConfig::default());
        opened.set_low();
        opened.set_output_enable(true);
    } else {
        opened.apply_input_config(&InputConfig::default().with_pull(Pull::Up));
        opened.set_input_enable(true);
    }
    place.put(opened);
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pin_set(pin: u32, high: bool) {
    if let Some(place) = OPENED.get(pin as usize) {
        place.with(|opened| opened.set_level(high.into()));
    }
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pin_get(pin: u32) -> bool {
    OPENED.get(pin as usize).and_then(|place| place.with(|opened| opened.is_high())).unwrap_or(false)
}
