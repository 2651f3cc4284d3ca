//! What a person reads of a valuation: texts in English and German, charts, the report page.
//!
//! ```text
//! Valuation (codes and numbers) --Texts--> sentences --page--> one HTML file
//!                                    \---> the terminal's tables and warnings
//! ```
//!
//! [`Texts`] turns codes into sentences and numbers into the language's notation, [`html`] and [`write_html`] make the
//! page. The messages lie in `locales/<language>/*.ftl`, the page's parts in `templates/`, its style and script in
//! `assets/`. The page loads nothing: the chart library stands in it, and its content security policy forbids any
//! connection.

mod chart;
mod error;
mod fit_notes;
mod format;
mod language;
mod messages;
mod page;
mod table;
mod texts;

pub use error::Error;
pub use fit_notes::fit_notes;
pub use fluent_templates::fluent_bundle::FluentValue;
pub use language::{Language, UnknownLanguage};
pub use page::{html, write_html};
pub use table::CUSTOMER_CELL;
pub use texts::{Count, Term, Texts, WarningText};
