//! The engine against the sheet: examples, the laws, and a model written straight from the text.

mod examples;
mod laws;
mod model;
mod room;
