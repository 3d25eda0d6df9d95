//! The app's serial line: UART 1.
use crate::{cell::Place, console, pins};
use esp_hal::{
    Blocking,
    peripherals::UART1,
    uart::{Config, Uart, UartInterrupt},
};

const APP_LINE: i32 = 2;
const LEAST_BAUD: u32 = 300;
const MOST_BAUD: u32 = 2_000_000;

static UART: Place<Uart<'static, Blocking>> = Place::empty();

fn read() -> Option<u8> {
    let mut byte = [0];
    match UART.with(|uart| uart.read_buffered(&mut byte)) {
        Some(Ok(1)) => Some(byte[0]),
        _ => None,
    }
}

#[esp_hal::handler]
fn handler() {
    UART.with(|uart| {
        let raised = uart.interrupts();
        uart.clear_interrupts(raised);
    });
    if !console::drain(APP_LINE, read) {
        UART.with(|uart| uart.unlisten(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout));
    }
}

#[unsafe(no_mangle)]
extern "C" fn esp32_serial_open(receive: u32, transmit: u32, baud: u32) -> u32 {
    let baud = baud.clamp(LEAST_BAUD, MOST_BAUD);
    console::critical(|| UART.take());
    let Ok(uart) = Uart::new(unsafe { UART1::steal() }, Config::default().with_baudrate(baud)) else { return 0 };
    let mut uart = uart.with_rx(pins::take(receive)).with_tx(pins::take(transmit));
    uart.set_interrupt_handler(handler);
    console::critical(|| UART.put(uart));
    baud
}

#[unsafe(no_mangle)]
extern "C" fn esp32_serial_listen() {
    console::critical(|| {
        if console::drain(APP_LINE, read) {
            UART.with(|uart| uart.listen(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout));
        }
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_serial_write(bytes: *const u8, length: usize) {
    let mut left = unsafe { core::slice::from_raw_parts(bytes, length) };
    while !left.is_empty() {
        match UART.with(|uart| uart.write(left)) {
            Some(Ok(written)) => left = &left[written..],
            _ => break,
        }
    }
}
