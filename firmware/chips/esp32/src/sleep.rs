//! Deep sleep. Its end is a reset, so whoever sleeps comes back only when the chip refuses.
use crate::{RTC, console, pins, radio};
use esp_hal::{
    peripherals::LPWR,
    rtc_cntl::{
        WakeupSource,
        sleep::{LowPower, RtcSleepConfig},
        wakeup_cause,
    },
    time::{Duration, Instant},
};
use esp_sync::NonReentrantMutex;

/// A level at which a pin wakes is an interrupt too, which is to come to nobody: the lock keeps interrupts off.
static ASLEEP: NonReentrantMutex<()> = NonReentrantMutex::new(());

#[unsafe(no_mangle)]
extern "C" fn esp32_sleep(us: u64, mask: u32, high: u32) {
    radio::stop();
    console::flush();
    RTC.with(|rtc| rtc.rwdt.disable());
    ASLEEP.with(|()| {
        let can_wake = pins::wake(mask, high);
        let mut power = LowPower::new(unsafe { LPWR::steal() });
        if us != 0 {
            power.set_wakeup_deadline(Instant::now() + Duration::from_micros(us));
        }
        if us != 0 || can_wake {
            power.sleep_deep_with_rejection(RtcSleepConfig::deep());
        }
        power.clear_wakeup_deadline();
        pins::wake(0, 0);
    });
    RTC.with(|rtc| rtc.rwdt.enable());
}

#[unsafe(no_mangle)]
extern "C" fn esp32_woken_by_time() -> bool {
    wakeup_cause().contains(WakeupSource::Timer)
}
