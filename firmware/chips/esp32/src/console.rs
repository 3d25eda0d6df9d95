//! UART 0 and USB-Serial-JTAG as one console. Received bytes go to C within the interrupt; when C has no room, the interrupts
//! are masked, which holds USB up and lets the UART's queue of 128 bytes fill.
use crate::cell::Place;
use esp_hal::{
    Blocking,
    peripherals::{UART0, USB_DEVICE},
    time::{Duration, Instant},
    uart::{Config, Uart, UartInterrupt},
    usb::usb_serial_jtag::UsbSerialJtag,
};

/// A computer that is there takes a packet each millisecond. After this long without, none is listening.
const USB_WAIT: Duration = Duration::from_millis(20);

const CONSOLE_LINE: i32 = 0;

static UART: Place<Uart<'static, Blocking>> = Place::empty();
static USB: Place<UsbSerialJtag<'static, Blocking>> = Place::empty();
static USB_IS_HEARD: Place<bool> = Place::empty();

unsafe extern "C" {
    fn chip_serial_room(line: i32) -> bool;
    fn chip_serial_received(line: i32, byte: u8);
}

pub fn start(uart: UART0<'static>, usb: USB_DEVICE<'static>) {
    let mut uart = Uart::new(uart, Config::default()).expect("115200 baud, 8N1");
    uart.set_interrupt_handler(uart_handler);
    UART.put(uart);
    let mut usb = UsbSerialJtag::new(usb);
    usb.set_interrupt_handler(usb_handler);
    USB.put(usb);
    USB_IS_HEARD.put(true);
}

/// Gives C what has come while there is room. False when the room ended first.
pub fn drain(line: i32, read: impl Fn() -> Option<u8>) -> bool {
    while unsafe { chip_serial_room(line) } {
        let Some(byte) = read() else { return true };
        unsafe { chip_serial_received(line, byte) };
    }
    false
}

fn read_uart() -> Option<u8> {
    let mut byte = [0];
    match UART.with(|uart| uart.read_buffered(&mut byte)) {
        Some(Ok(1)) => Some(byte[0]),
        _ => None,
    }
}

fn read_usb() -> Option<u8> {
    USB.with(|usb| usb.read_byte().ok())?
}

#[esp_hal::handler]
fn uart_handler() {
    UART.with(|uart| {
        let raised = uart.interrupts();
        uart.clear_interrupts(raised);
    });
    if !drain(CONSOLE_LINE, read_uart) {
        UART.with(|uart| uart.unlisten(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout));
    }
}

#[esp_hal::handler]
fn usb_handler() {
    USB.with(|usb| usb.reset_rx_packet_recv_interrupt());
    USB_IS_HEARD.put(true);
    if !drain(CONSOLE_LINE, read_usb) {
        USB.with(|usb| usb.unlisten_rx_packet_recv_interrupt());
    }
}

#[unsafe(no_mangle)]
extern "C" fn esp32_console_listen(on: bool) {
    critical(|| {
        let (uart_has_room, usb_has_room) = (on && drain(CONSOLE_LINE, read_uart), on && drain(CONSOLE_LINE, read_usb));
        if uart_has_room {
            UART.with(|uart| uart.listen(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout));
        }
        if usb_has_room {
            USB.with(|usb| usb.listen_rx_packet_recv_interrupt());
        }
    });
}

/// The handlers look at the same places.
pub fn critical<R>(act: impl FnOnce() -> R) -> R {
    static LOCK: esp_sync::RawMutex = esp_sync::RawMutex::new();
    LOCK.lock(act)
}

fn write_usb(bytes: &[u8]) {
    if USB_IS_HEARD.with(|heard| *heard) != Some(true) {
        return;
    }
    USB.with(|usb| {
        for &byte in bytes {
            let since = Instant::now();
            while usb.write_byte_nb(byte).is_err() {
                if since.elapsed() > USB_WAIT {
                    USB_IS_HEARD.put(false);
                    return;
                }
            }
        }
        let _ = usb.flush_tx_nb();
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_console_write(bytes: *const u8, length: usize) {
    let bytes = unsafe { core::slice::from_raw_parts(bytes, length) };
    let mut left = bytes;
    while !left.is_empty() {
        match UART.with(|uart| uart.write(left)) {
            Some(Ok(written)) => left = &left[written..],
            _ => break,
        }
    }
    write_usb(bytes);
}

pub fn flush() {
    UART.with(|uart| uart.flush());
}

pub struct Writer;

impl core::fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        unsafe { esp32_console_write(text.as_ptr(), text.len()) };
        Ok(())
    }
}
