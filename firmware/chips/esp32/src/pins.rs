//! Pins by the chip's own numbers.
use crate::cell::Place;
use esp_hal::gpio::{AnyPin, DriveMode, Event, Flex, InputConfig, OutputConfig, Pull, WakeupConfig};

const PINS: usize = 31;
static OPENED: [Place<Flex<'static>>; PINS] = [const { Place::empty() }; PINS];

/// For a part of the chip that drives or reads it. C says which pin is whose; the last one that takes it has it.
pub fn take(pin: u32) -> AnyPin<'static> {
    if let Some(place) = OPENED.get(pin as usize) {
        place.take();
    }
    unsafe { AnyPin::steal(pin as u8) }
}

fn open(pin: u32, set_up: impl FnOnce(&mut Flex<'static>)) {
    let Some(place) = OPENED.get(pin as usize) else { return };
    let mut opened = Flex::new(take(pin));
    set_up(&mut opened);
    place.put(opened);
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pin_open(pin: u32, is_output: bool) {
    open(pin, |opened| {
        if is_output {
            opened.apply_output_config(&OutputConfig::default());
            opened.set_low();
            opened.set_output_enable(true);
        } else {
            opened.apply_input_config(&InputConfig::default().with_pull(Pull::Up));
            opened.set_input_enable(true);
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pin_open_drain(pin: u32) {
    open(pin, |opened| {
        opened.apply_output_config(&OutputConfig::default().with_drive_mode(DriveMode::OpenDrain).with_pull(Pull::Up));
        opened.set_input_enable(true);
        opened.set_high();
        opened.set_output_enable(true);
    });
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

/// Lets those pins of the mask that the chip sees asleep end a sleep, and no other. Gives whether there are any.
pub fn wake(mask: u32, high: u32) -> bool {
    let mut any = false;
    for (pin, place) in OPENED.iter().enumerate() {
        let (is_wanted, is_high) = (mask >> pin & 1 != 0, high >> pin & 1 != 0);
        place.with(|opened| {
            opened.unlisten();
            if opened.apply_wakeup_config(&WakeupConfig::default().with_low_power_path(is_wanted)).is_ok() && is_wanted {
                opened.listen(if is_high { Event::HighLevel } else { Event::LowLevel });
                any = true;
            }
        });
    }
    any
}

#[unsafe(no_mangle)]
extern "C" fn esp32_woken_by_pin(pin: u32) -> bool {
    OPENED.get(pin as usize).and_then(|place| place.with(|opened| opened.caused_wakeup())).unwrap_or(false)
}
