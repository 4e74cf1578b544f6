//! lemlist: campaigns by e-mail and LinkedIn.

pub mod translate;
