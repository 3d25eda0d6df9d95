//! The vendor's Wi-Fi driver behind esp32.h. Names and keys are bytes, so requests go to the driver itself; esp-radio brings it
//! up, runs its tasks and hands events and frames out.
use crate::cell::Place;
use core::{
    future::Future,
    pin::pin,
    slice::from_raw_parts,
    task::{Context, Poll, Waker},
};
use esp_hal::{
    efuse::{InterfaceMacAddress, interface_mac_address},
    peripherals::WIFI,
};
use esp_radio::wifi::{
    ControllerConfig, CountryInfo, Interface, WifiController,
    event::{EventInfo, EventSubscriber, MessageResult},
    sniffer::{PromiscuousPkt, Sniffer},
};
#[cfg(feature = "esp32c3")]
use esp_wifi_sys_esp32c3::include::*;
#[cfg(feature = "esp32c6")]
use esp_wifi_sys_esp32c6::include::*;

const FCS_BYTES: usize = 4;
/// The most careful rules of all countries, until the unit names its own, or is joined: then those that the access point tells (802.11d).
const COUNTRY: &[u8; 2] = b"01";
const STATIONS_MOST: u8 = 4;
const ACCESS_POINT_CHANNEL: u8 = 1;

static DEVICE: Place<WIFI<'static>> = Place::empty();
static CONTROLLER: Place<WifiController<'static>> = Place::empty();
static SNIFFER: Place<Sniffer> = Place::empty();
static EVENTS: Place<EventSubscriber<'static>> = Place::empty();
static STATION: Place<Interface> = Place::empty();
static ACCESS_POINT: Place<Interface> = Place::empty();

unsafe extern "C" {
    fn radio_heard(channel: u8, frame: *const u8, length: usize);
}

#[repr(C)]
pub struct Network {
    ssid: [u8; 32],
    ssid_bytes: u8,
    bssid: [u8; 6],
    channel: u8,
    rssi_dbm: i8,
    auth: u8,
    pairwise: u8,
    group: u8,
}

#[repr(C)]
pub struct Event {
    kind: u8,
    bssid: [u8; 6],
    channel: u8,
    reason: u16,
}

const NOTHING: u8 = 0;
const SCANNED: u8 = 1;
const CONNECTED: u8 = 2;
const DISCONNECTED: u8 = 3;
const SERVING: u8 = 4;
const CLOSED: u8 = 5;

/// The numbers that join-reason.c goes by.
const _: () = {
    assert!(wifi_err_reason_t_WIFI_REASON_AUTH_EXPIRE == 2);
    assert!(wifi_err_reason_t_WIFI_REASON_DISASSOC_DUE_TO_INACTIVITY == 4);
    assert!(wifi_err_reason_t_WIFI_REASON_ASSOC_TOOMANY == 5);
    assert!(wifi_err_reason_t_WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT == 15);
    assert!(wifi_err_reason_t_WIFI_REASON_TIMEOUT == 39);
    assert!(wifi_err_reason_t_WIFI_REASON_BEACON_TIMEOUT == 200);
    assert!(wifi_err_reason_t_WIFI_REASON_NO_AP_FOUND == 201);
    assert!(wifi_err_reason_t_WIFI_REASON_AUTH_FAIL == 202);
    assert!(wifi_err_reason_t_WIFI_REASON_ASSOC_FAIL == 203);
    assert!(wifi_err_reason_t_WIFI_REASON_CONNECTION_FAIL == 205);
    assert!(wifi_err_reason_t_WIFI_REASON_NO_AP_FOUND_W_COMPATIBLE_SECURITY == 210);
    assert!(wifi_err_reason_t_WIFI_REASON_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD == 211);
    assert!(wifi_err_reason_t_WIFI_REASON_NO_AP_FOUND_IN_RSSI_THRESHOLD == 212);
};

fn is_ok(result: i32) -> bool {
    result == ESP_OK as i32
}

pub fn keep(device: WIFI<'static>) {
    DEVICE.put(device);
}

fn heard(packet: PromiscuousPkt<'_>) {
    let length = packet.len.saturating_sub(FCS_BYTES);
    unsafe { radio_heard(packet.rx_cntl.channel as u8, packet.data.as_ptr(), length) };
}

#[unsafe(no_mangle)]
extern "C" fn esp32_radio_start() -> bool {
    let Some(device) = DEVICE.take() else { return false };
    let config = ControllerConfig::default().with_country_info(CountryInfo::from(*COUNTRY));
    let Ok(controller) = WifiController::new(device, config) else { return false };
    CONTROLLER.put(controller);
    CONTROLLER.with(|controller| {
        let mut sniffer = controller.sniffer();
        sniffer.set_receive_cb(heard);
        SNIFFER.put(sniffer);
        // The place is never emptied, so what borrows from it stays good.
        let controller: &'static WifiController<'static> = unsafe { &*core::ptr::from_mut(controller) };
        if let Ok(events) = controller.subscribe() {
            EVENTS.put(events);
        }
    });
    STATION.put(Interface::station());
    ACCESS_POINT.put(Interface::access_point());
    let filter = wifi_promiscuous_filter_t { filter_mask: WIFI_PROMIS_FILTER_MASK_DATA };
    unsafe { is_ok(esp_wifi_set_country_code(c"01".as_ptr(), true)) && is_ok(esp_wifi_set_promiscuous_filter(&filter)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_country(code: *const [u8; 2]) -> bool {
    let [first, second] = unsafe { *code };
    is_ok(unsafe { esp_wifi_set_country_code([first, second, 0].as_ptr().cast(), true) })
}

#[unsafe(no_mangle)]
extern "C" fn esp32_radio_scan() -> bool {
    let mut config: wifi_scan_config_t = unsafe { core::mem::zeroed() };
    config.show_hidden = true;
    is_ok(unsafe { esp_wifi_scan_start(&config, false) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_networks(out: *mut Network, most: usize) -> usize {
    let mut count = 0;
    while count < most {
        let mut record: wifi_ap_record_t = unsafe { core::mem::zeroed() };
        if !is_ok(unsafe { esp_wifi_scan_get_ap_record(&mut record) }) {
            break;
        }
        let ssid_bytes = record.ssid.iter().position(|&byte| byte == 0).unwrap_or(32).min(32);
        let mut ssid = [0; 32];
        ssid[..ssid_bytes].copy_from_slice(&record.ssid[..ssid_bytes]);
        let network = Network {
            ssid,
            ssid_bytes: ssid_bytes as u8,
            bssid: record.bssid,
            channel: record.primary,
            rssi_dbm: record.rssi,
            auth: record.authmode as u8,
            pairwise: record.pairwise_cipher as u8,
            group: record.group_cipher as u8,
        };
        unsafe { out.add(count).write(network) };
        count += 1;
    }
    unsafe { esp_wifi_clear_ap_list() };
    count
}

#[unsafe(no_mangle)]
extern "C" fn esp32_radio_listen(channel: u8) -> bool {
    unsafe {
        if channel == 0 {
            return is_ok(esp_wifi_set_promiscuous(false));
        }
        is_ok(esp_wifi_set_promiscuous(true))
            && is_ok(esp_wifi_set_channel(channel, wifi_second_chan_t_WIFI_SECOND_CHAN_NONE))
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_join(
    ssid: *const u8,
    ssid_length: usize,
    key: *const u8,
    key_length: usize,
    channel: u8,
    bssid: *const [u8; 6],
) -> bool {
    let (ssid, key) = unsafe { (from_raw_parts(ssid, ssid_length), from_raw_parts(key, key_length)) };
    let mut config: wifi_config_t = unsafe { core::mem::zeroed() };
    let mut station: wifi_sta_config_t = unsafe { core::mem::zeroed() };
    station.ssid[..ssid.len()].copy_from_slice(ssid);
    station.password[..key.len()].copy_from_slice(key);
    station.scan_method = wifi_scan_method_t_WIFI_ALL_CHANNEL_SCAN;
    station.sort_method = wifi_sort_method_t_WIFI_CONNECT_AP_BY_SIGNAL;
    station.threshold.rssi = -99;
    // Who was given a key joins no open network of that name.
    station.threshold.authmode = match key.is_empty() {
        true => wifi_auth_mode_t_WIFI_AUTH_OPEN,
        false => wifi_auth_mode_t_WIFI_AUTH_WPA2_PSK,
    };
    station.pmf_cfg = wifi_pmf_config_t { capable: true, required: false };
    station.sae_pwe_h2e = wifi_sae_pwe_method_t_WPA3_SAE_PWE_BOTH;
    station.failure_retry_cnt = 1;
    if channel != 0 {
        station.scan_method = wifi_scan_method_t_WIFI_FAST_SCAN;
        (station.channel, station.bssid_set, station.bssid) = (channel, true, unsafe { *bssid });
    }
    config.sta = station;
    let taken = unsafe {
        is_ok(esp_wifi_set_config(wifi_interface_t_WIFI_IF_STA, &mut config)) && is_ok(esp_wifi_connect_internal())
    };
    wipe(&mut config);
    taken
}

/// The passphrase stays in the driver alone.
fn wipe(config: &mut wifi_config_t) {
    unsafe { core::ptr::write_volatile(config, core::mem::zeroed()) };
}

#[unsafe(no_mangle)]
extern "C" fn esp32_radio_leave() -> bool {
    is_ok(unsafe { esp_wifi_disconnect_internal() })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_serve(ssid: *const u8, length: usize) -> bool {
    if length == 0 {
        return is_ok(unsafe { esp_wifi_set_mode(wifi_mode_t_WIFI_MODE_STA) });
    }
    let ssid = unsafe { from_raw_parts(ssid, length) };
    let mut config: wifi_config_t = unsafe { core::mem::zeroed() };
    let mut served: wifi_ap_config_t = unsafe { core::mem::zeroed() };
    served.ssid[..length].copy_from_slice(ssid);
    served.ssid_len = length as u8;
    served.channel = ACCESS_POINT_CHANNEL;
    served.authmode = wifi_auth_mode_t_WIFI_AUTH_OPEN;
    served.max_connection = STATIONS_MOST;
    served.beacon_interval = 100;
    (served.dtim_period, served.csa_count) = (2, 3); // 0 is outside of their ranges
    config.ap = served;
    unsafe {
        is_ok(esp_wifi_set_mode(wifi_mode_t_WIFI_MODE_APSTA))
            && is_ok(esp_wifi_set_config(wifi_interface_t_WIFI_IF_AP, &mut config))
    }
}

/// Deep sleep cuts the power of what it runs on.
pub fn stop() {
    unsafe { esp_wifi_stop() };
}

#[unsafe(no_mangle)]
extern "C" fn esp32_radio_save_power(on: bool) {
    unsafe { esp_wifi_set_ps(if on { wifi_ps_type_t_WIFI_PS_MIN_MODEM } else { wifi_ps_type_t_WIFI_PS_NONE }) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_mac(of_access_point: bool, mac: *mut [u8; 6]) {
    let kind = if of_access_point { InterfaceMacAddress::AccessPoint } else { InterfaceMacAddress::Station };
    unsafe { (*mac).copy_from_slice(interface_mac_address(kind).as_bytes()) };
}

fn next_event() -> Option<EventInfo> {
    EVENTS.with(|events| {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match pin!(events.next_event()).poll(&mut context) {
                Poll::Ready(MessageResult::Message(event)) => return Some(event),
                Poll::Ready(MessageResult::Lagged(_)) => continue,
                Poll::Pending => return None,
            }
        }
    })?
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_radio_event(out: *mut Event) {
    let mut told = Event { kind: NOTHING, bssid: [0; 6], channel: 0, reason: 0 };
    while let Some(event) = next_event() {
        match event {
            EventInfo::ScanDone { .. } => told.kind = SCANNED,
            EventInfo::StationConnected { bssid, channel, .. } => {
                (told.kind, told.bssid, told.channel) = (CONNECTED, bssid, channel);
            }
            EventInfo::StationDisconnected { reason, .. } => (told.kind, told.reason) = (DISCONNECTED, reason),
            EventInfo::AccessPointStart => told.kind = SERVING,
            EventInfo::AccessPointStop => told.kind = CLOSED,
            _ => continue,
        }
        break;
    }
    unsafe { out.write(told) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_frame_take(of_access_point: bool, out: *mut u8, room: usize) -> usize {
    let interface = if of_access_point { &ACCESS_POINT } else { &STATION };
    let taken = interface.with(|interface| {
        let (frame, _) = interface.receive()?;
        Some(frame.consume_token(|bytes| {
            let length = if bytes.len() <= room { bytes.len() } else { 0 };
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), out, length) };
            length
        }))
    });
    taken.flatten().unwrap_or(0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn esp32_frame_send(of_access_point: bool, frame: *const u8, length: usize) -> bool {
    let interface = if of_access_point { wifi_interface_t_WIFI_IF_AP } else { wifi_interface_t_WIFI_IF_STA };
    is_ok(unsafe { esp_wifi_internal_tx(interface, frame.cast_mut().cast(), length as u16) })
}
