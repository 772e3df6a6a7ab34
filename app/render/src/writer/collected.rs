//! Constructs that the parser reports in several events and that are written at once: code blocks,
//! and the text of images.

use pulldown_cmark::{CodeBlockKind, Event, TagEnd};

use super::super::{code, link, work};
use super::{Writer, said};

impl<'a> Writer<'a> {
    pub(super) fn start_code(&mut self, kind: &CodeBlockKind<'a>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => code::language(&self.source.placeholders.written(info)),
            CodeBlockKind::Indented => String::new(),
        };
        self.code = Some((language, String::new()));
    }

    pub(super) fn start_image(&mut self, address: &str) {
        self.image = Some((self.allowed(address), String::new()));
    }

    pub(super) fn in_code(&mut self, event: Event<'a>) {
        match (event, &mut self.code) {
            (Event::Text(text), Some((_, code))) => {
                code.push_str(&self.source.placeholders.written(&text));
            }
            (Event::End(TagEnd::CodeBlock), code) => {
                if let Some((language, code)) = code.take() {
                    let highlighted = (!self.location.plain).then_some(&mut *self.highlighted);
                    let block = code::block(&language, &code, highlighted, self.budget);
                    self.block(&block);
                }
            }
            _ => {}
        }
    }

    pub(super) fn in_image(&mut self, event: Event<'a>) {
        match (event, &mut self.image) {
            (Event::End(TagEnd::Image), image) => {
                if let Some((address, instead)) = image.take() {
                    let address = address.filter(|_| self.links == 0);
                    let image = link::image(address.as_deref(), &instead);
                    self.inline(&image);
                }
            }
            (event, Some((_, instead))) => {
                if let Some(text) = said(&event) {
                    instead.push_str(&self.source.placeholders.written(&text));
                }
            }
            _ => {}
        }
    }

    /// The address of a link or an image; `None` if it is not allowed, or if the addresses of this
    /// text exceed their limit.
    pub(super) fn allowed(&mut self, address: &str) -> Option<String> {
        work::looked_at(address.len());
        let address = link::allowed(&self.source.placeholders.written(address))?;
        self.bounds.takes_address(&address, self.location.read).then_some(address)
    }
}
