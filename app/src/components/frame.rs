//! Waits for the browser's frames. Used in a browser only.

use leptos::prelude::request_animation_frame;

/// Waits for the next animation frame. In a tab that is not visible, there is none.
pub async fn next_frame() {
    let (drawn, drawing) = futures::channel::oneshot::channel();
    request_animation_frame(move || {
        let _ = drawn.send(());
    });
    let _ = drawing.await;
}
