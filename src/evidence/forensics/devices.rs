//! Devices: added in what was read, and there now.

use super::Material;
use super::seen::Seen;
use crate::evidence::holdings::HeldDevice;
use crate::evidence::investigation::{DeviceRow, Now, Told, Whose};
use crate::model::Window;

const ADDED: &[&str] = &[
    "device.user.add",
    "device.enrollment.create",
    "device.lifecycle.activate",
];

const TAKEN: &[&str] = &["device.user.remove", "device.lifecycle.delete"];

/// The devices, the log's first.
pub(super) fn rows(m: &Material<'_>, window: Option<Window>) -> Vec<DeviceRow> {
    let held = m.holdings.and_then(|holdings| holdings.devices.as_deref());
    let mut rows: Vec<DeviceRow> = Vec::new();
    for seen in m.seen().filter(|seen| seen.is_to(m.account)) {
        if seen.did(ADDED) {
            add(&mut rows, seen, held.is_some());
        } else if seen.did(TAKEN) {
            let gone = seen.thing("UDDevice").unwrap_or_default();
            for row in rows.iter_mut().filter(|row| row.id == gone.id) {
                row.now = Now::Gone;
            }
        }
    }
    for device in held.unwrap_or_default() {
        match rows.iter_mut().find(|row| row.id == device.id) {
            Some(row) => {
                row.now = Now::There;
                row.status.clone_from(&device.status);
                row.platform.clone_from(&device.platform);
            }
            None => rows.push(of_held(device, window)),
        }
    }
    rows
}

fn add(rows: &mut Vec<DeviceRow>, seen: Seen<'_>, is_read: bool) {
    let Some(device) = seen.thing("UDDevice") else {
        return;
    };
    if rows.iter().any(|row| row.id == device.id) {
        return;
    }
    rows.push(DeviceRow {
        id: device.id.to_owned(),
        name: device.name.to_owned(),
        platform: String::new(),
        status: String::new(),
        added: Some(seen.told()),
        whose: seen.whose,
        now: if is_read { Now::Gone } else { Now::Unread },
    });
}

fn of_held(device: &HeldDevice, window: Option<Window>) -> DeviceRow {
    let inside = device.created.zip(window);
    DeviceRow {
        id: device.id.clone(),
        name: device.name.clone(),
        platform: device.platform.clone(),
        status: device.status.clone(),
        added: device.created.map(|at| Told {
            at: Some(at),
            ..Told::default()
        }),
        whose: match inside.is_some_and(|(at, window)| window.contains(at)) {
            true => Whose::Unclear,
            false => Whose::Own,
        },
        now: Now::There,
    }
}
