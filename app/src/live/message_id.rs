//! Makes message ids in the browser.

use protocol::MessageId;

/// A new id. `crypto.randomUUID` does not exist on plain http, `getRandomValues` does.
pub fn new_message_id() -> MessageId {
    let mut random = [0; 10];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    let filled = crypto.map(|crypto| crypto.get_random_values_with_u8_array(&mut random));
    if !matches!(filled, Some(Ok(_))) {
        random.fill_with(|| (js_sys::Math::random() * 256.0) as u8);
    }
    MessageId::from_parts(js_sys::Date::now() as u64, random)
}
