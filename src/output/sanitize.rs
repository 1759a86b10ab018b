//! Text from a lake on a terminal: no data may move the cursor or recolour the screen.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// The text with control characters spelled out (`\n`, `\x1B`).
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\x{:02X}", u32::from(hidden));
            }
            shown_as_is => shown.push(shown_as_is),
        }
    }
    Cow::Owned(shown)
}

/// Control characters, and those that reorder the text around them.
fn is_hidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Cells of a terminal that a text occupies.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The text, cut to a number of cells with `…` at its end where something is left out.
pub(super) fn clip(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let kept = text.chars().take_while(|character| {
        used += character.width().unwrap_or(0);
        used <= cells
    });
    let mut clipped: String = kept.collect();
    clipped.push('…');
    Cow::Owned(clipped)
}
