//! Pulse-width modulation by LEDC: each output has a timer of its own, so that each has its own frequency.
use crate::{cell::Place, pins};
use esp_hal::{
    gpio::DriveMode,
    ledc::{
        LSGlobalClkSource, Ledc, LowSpeed,
        channel::{self, Channel, ChannelHW, ChannelIFace},
        timer::{self, LSClockSource, Timer, TimerIFace, config::Duty},
    },
    peripherals::LEDC,
    time::Rate,
};

const OUTPUTS: usize = 4;
/// Bits of what C gives, and those of slow outputs, whose count goes further: the clock's divider ends at 1,023.
const BITS: u32 = 10;
const SLOW_BITS: u32 = 14;
const SLOW_MOST_HZ: u32 = 4_000;
const OWN_HZ: u32 = 1_000;
const LEAST_HZ: u32 = 5;
const MOST_HZ: u32 = 78_125;

struct Output {
    pin: u32,
    hz: u32,
    channel: Channel<'static, LowSpeed>,
}

static TIMERS: [Place<Timer<'static, LowSpeed>>; OUTPUTS] = [const { Place::empty() }; OUTPUTS];
static OPENED: [Place<Output>; OUTPUTS] = [const { Place::empty() }; OUTPUTS];

fn place_of(pin: u32) -> Option<usize> {
    OPENED.iter().position(|place| place.with(|output| output.pin == pin).unwrap_or(true))
}

fn timer_number(place: usize) -> timer::Number {
    [timer::Number::Timer0, timer::Number::Timer1, timer::Number::Timer2, timer::Number::Timer3][place]
}

fn channel_number(place: usize) -> channel::Number {
    use channel::Number::*;
    [Channel0, Channel1, Channel2, Channel3][place]
}

fn open(place: usize, pin: u32, hz: u32) -> Option<()> {
    let duty = if hz <= SLOW_MOST_HZ { Duty::Duty14Bit } else { Duty::Duty10Bit };
    let mut ledc = Ledc::new(unsafe { LEDC::steal() });
    ledc.set_global_slow_clock(LSGlobalClkSource::APBClk);
    let mut timer = ledc.timer::<LowSpeed>(timer_number(place));
    let frequency = Rate::from_hz(hz);
    timer.configure(timer::config::Config { duty, clock_source: LSClockSource::APBClk, frequency }).ok()?;
    TIMERS[place].put(timer);
    let mut channel = ledc.channel(channel_number(place), pins::take(pin));
    TIMERS[place].with(|timer| {
        // The place is filled again only together with what borrows from it.
        let timer: &'static Timer<'static, LowSpeed> = unsafe { &*core::ptr::from_mut(timer) };
        channel.configure(channel::config::Config { timer, duty_pct: 0, drive_mode: DriveMode::PushPull }).ok()
    })??;
    OPENED[place].put(Output { pin, hz, channel });
    Some(())
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pwm_clock(pin: u32, hz: u32) -> u32 {
    let hz = if hz == 0 { OWN_HZ } else { hz.clamp(LEAST_HZ, MOST_HZ) };
    match place_of(pin) {
        Some(place) if open(place, pin, hz).is_some() => hz,
        _ => 0,
    }
}

#[unsafe(no_mangle)]
extern "C" fn esp32_pwm_write(pin: u32, duty: u32) {
    let full = duty + duty / ((1 << BITS) - 1); // all ones is on for all of the time
    for place in &OPENED {
        place.with(|output| {
            let shift = if output.hz <= SLOW_MOST_HZ { SLOW_BITS - BITS } else { 0 };
            if output.pin == pin {
                output.channel.set_duty_hw(full << shift);
            }
        });
    }
}
