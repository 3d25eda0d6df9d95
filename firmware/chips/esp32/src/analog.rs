//! The first analogue-to-digital converter. Its channels have the numbers of their pins: 0 to 4 on a C3, 0 to 6 on a C6.
use crate::cell::Place;
use esp_hal::{
    Blocking,
    analog::adc::{Adc, AdcCalBasic, AdcCalScheme, AdcConfig, Attenuation, RegisterAccess},
    peripherals::*,
};

/// 12 dB by today's data sheets: 0 to 2.5 V (C3) or 3.3 V (C6).
const RANGE: Attenuation = Attenuation::_11dB;
const VALUE_MASK: u16 = 0xfff;

struct Converter {
    _enabled: Adc<'static, ADC1<'static>, Blocking>,
    /// What the chip's fuses say that 0 V reads as.
    zero: u16,
}

static CONVERTER: Place<Converter> = Place::empty();

/// The pin's pull and digital input off. False where the pin has no channel.
fn open(channel: u32) -> bool {
    let mut config = AdcConfig::<ADC1>::new();
    macro_rules! pins {
        ($($number:literal $pin:ident)*) => {
            match channel {
                $($number => drop(config.enable_pin(unsafe { $pin::steal() }, RANGE)),)*
                _ => return false,
            }
        };
    }
    #[cfg(feature = "esp32c3")]
    pins!(0 GPIO0 1 GPIO1 2 GPIO2 3 GPIO3 4 GPIO4);
    #[cfg(feature = "esp32c6")]
    pins!(0 GPIO0 1 GPIO1 2 GPIO2 3 GPIO3 4 GPIO4 5 GPIO5 6 GPIO6);
    let enabled = Adc::new(unsafe { ADC1::steal() }, config);
    CONVERTER.put(Converter { _enabled: enabled, zero: AdcCalBasic::<ADC1>::new_cal(RANGE).adc_cal() });
    true
}

#[unsafe(no_mangle)]
extern "C" fn esp32_analog_read(channel: u32) -> u32 {
    static OPENED: Place<u32> = Place::empty();
    if OPENED.with(|opened| *opened) != Some(channel) {
        crate::pins::take(channel);
        if !open(channel) {
            return 0;
        }
        OPENED.put(channel);
    }
    CONVERTER
        .with(|converter| {
            ADC1::calibration_init();
            ADC1::set_init_code(converter.zero);
            ADC1::config_onetime_sample(channel as u8, RANGE as u8);
            ADC1::start_onetime_sample();
            while !ADC1::is_done() {}
            let value = ADC1::read_data() & VALUE_MASK;
            ADC1::reset();
            value.into()
        })
        .unwrap_or(0)
}
