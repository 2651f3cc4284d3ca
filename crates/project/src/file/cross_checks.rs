//! What can only be seen wrong when keys are held against each other.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use perennial_handoff::crm::hubspot::ConsentScope;
use perennial_lake::{CanonicalTable, ColumnOverrides};
use perennial_store::IdentifierKind;
use perennial_valuation::figures::CUSTOMER_COLUMNS;

use super::address::Address;
use super::problem::Problem;
use super::sections::{ConsentRule, Events, Export, Sections, Source, Tier};
use super::written::unknown;
use crate::destination::format_of;
use crate::run::live_names;

/// The column that the tiers are written to.
pub(crate) const TIER: &str = "tier";

/// The columns that an export may have.
pub(crate) fn value_columns() -> impl Iterator<Item = &'static str> + Clone {
    CUSTOMER_COLUMNS.iter().copied().chain([TIER])
}

/// Everything that is wrong between keys; problems carry keys and no lines yet. Parts of which keys had to be left out
/// (`left_out`) are not looked at: what they miss would only repeat what was said.
pub(crate) fn cross_checks(sections: &Sections, left_out: &[String]) -> Vec<Problem> {
    let mut problems = all(sections);
    problems.retain(|problem| !left_out.iter().any(|key| is_within(part(key), part(&problem.key))));
    // Whether there is a margin is not known then.
    problems.retain(|problem| {
        problem.key != "costs" || !left_out.iter().any(|key| is_within("value.margin", part(key)))
    });
    problems
}

/// Whether a part of the file is the other one or belongs to it: `sources.web` to `sources`, but not `sources.web2` to
/// `sources.web`.
fn is_within(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The part of the file that is checked as one: a source, an export, or a whole section.
fn part(key: &str) -> &str {
    let end = match key.strip_prefix("sources.") {
        Some(name) => "sources.".len() + name.find('.').unwrap_or(name.len()),
        None if key.starts_with("exports[") => key.find('.').unwrap_or(key.len()),
        None => key.find(['.', '[']).unwrap_or(key.len()),
    };
    &key[..end]
}

fn all(sections: &Sections) -> Vec<Problem> {
    let mut problems = Vec::new();
    rates(sections, &mut problems);
    costs(sections, &mut problems);
    tiers(&sections.tiers, &mut problems);
    for (name, source) in &sections.sources {
        self::source(name, source, &mut problems);
        problems.extend(unknown_kind(name, source, &sections.events));
    }
    if !sections.events.orders && !sections.sources.values().any(|source| source.table == "orders") {
        problems.push(Problem::error(
            "sources",
            "there are no orders to value: add a [sources.NAME] with table = \"orders\", or let live events count ([events] orders = true)",
        ));
    }
    for (number, export) in sections.exports.iter().enumerate() {
        let key = format!("exports[{}]", number + 1);
        self::export(&key, export, &mut problems);
        if let Some(first) = sections.exports[..number].iter().position(|other| is_same_place(other, export))
        {
            problems.push(Problem::error(
                format!("{key}.to"),
                format!("{:?} is what exports[{}] writes, and one would replace the other: name another file or table",
                    export.to.to_string(), first + 1),
            ));
        }
        for name in read_by(export, sections) {
            problems.push(Problem::error(
                format!("{key}.to"),
                format!(
                    "{:?} is what the source {name} reads: write to another folder",
                    export.to.to_string()
                ),
            ));
        }
    }
    if sections.store.url.has_password() {
        problems.push(password("store.url"));
    }
    problems
}

fn rates(sections: &Sections, problems: &mut Vec<Problem>) {
    let shop = &sections.shop;
    if !shop.rates.is_empty() && shop.currency.is_none() {
        problems.push(Problem::error(
            "shop.rates",
            "rates lead into the shop's currency, which is missing: add currency = \"EUR\" to [shop]",
        ));
    }
    let own = shop.currency.as_ref().and_then(|own| Some((own, shop.rates.get(own)?)));
    if let Some((own, _)) = own.filter(|(_, rate)| (**rate - 1.0).abs() > f64::EPSILON) {
        problems.push(Problem::error(
            format!("shop.rates.{own}"),
            format!("one {own} is one {own}: rates say what other currencies are worth in that of the shop"),
        ));
    }
}

fn costs(sections: &Sections, problems: &mut Vec<Problem>) {
    let costs = &sections.costs;
    if (costs.per_order > 0.0 || costs.share_of_revenue > 0.0) && sections.value.margin.is_none() {
        problems.push(Problem::error(
            "costs",
            "these costs lower a margin, and there is none: set margin in [value] to a share such as \"35%\", or to \"measured\"",
        ));
    }
}

fn tiers(tiers: &[Tier], problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    let mut before: Option<(f64, bool)> = None;
    for (number, tier) in tiers.iter().enumerate() {
        let key = format!("tiers[{}]", number + 1);
        let last = number + 1 == tiers.len();
        let mut wrong = |message: String| problems.push(Problem::error(&key, message));
        if tier.name.trim().is_empty() {
            wrong("a tier needs a name".to_owned());
        } else if !names.insert(tier.name.as_str()) {
            wrong(format!("there are two tiers {:?}", tier.name));
        }
        let bound = match (tier.at_least, tier.share) {
            (Some(amount), None) => (amount, true),
            (None, Some(share)) => (share, false),
            (None, None) if last => continue,
            (None, None) => {
                wrong(
                    "only the last tier may leave out at_least or share: it holds everyone else".to_owned(),
                );
                continue;
            }
            (Some(_), Some(_)) => {
                wrong("a tier has at_least or share, not both".to_owned());
                continue;
            }
        };
        if let Some((bound_before, amounts)) = before {
            if amounts != bound.1 {
                wrong("all tiers are set by at_least, or all by share".to_owned());
            } else if amounts && bound.0 >= bound_before {
                wrong(format!(
                    "tiers stand best first: {} is not less than {bound_before} of the tier before",
                    bound.0
                ));
            } else if !amounts && bound.0 <= bound_before {
                wrong(format!(
                    "shares are counted from the best customer on, so they rise from tier to tier: {} is not more than {bound_before} of the tier before",
                    bound.0
                ));
            }
        }
        before = Some(bound);
    }
}

fn source(name: &str, source: &Source, problems: &mut Vec<Problem>) {
    let key = format!("sources.{name}");
    let mut wrong = |key: &str, message: String| problems.push(Problem::error(key, message));
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        wrong(
            &key,
            "the name of a source is of letters, digits, _ and - only: it becomes part of file names"
                .to_owned(),
        );
    }
    if live_names().contains(&name) {
        wrong(
            &key,
            format!("{name} is what live events are called beside the sources: give this one another name"),
        );
    }
    let tables = CanonicalTable::ALL.map(CanonicalTable::name);
    if !tables.contains(&source.table.as_str()) {
        wrong(&format!("{key}.table"), unknown("canonical table", &source.table, tables));
    }
    let places = [source.files.is_some(), source.database.is_some(), source.delta.is_some()];
    match places.into_iter().filter(|there| *there).count() {
        1 => {}
        0 => wrong(&key, "where does it lie? Add files = [...], or database = \"...\" with from = \"...\", or delta = \"...\"".to_owned()),
        _ => wrong(&key, "it lies in one place: files, database or delta, not several of them".to_owned()),
    }
    if source.files.as_ref().is_some_and(|files| files.paths().iter().all(|path| path.trim().is_empty())) {
        wrong(&format!("{key}.files"), "no file is named".to_owned());
    }
    match (&source.database, &source.from) {
        (Some(_), None) => wrong(
            &key,
            "which table of the database? Add from = \"orders\", or \"shop.orders\" with its schema"
                .to_owned(),
        ),
        (None, Some(_)) => wrong(
            &format!("{key}.from"),
            "`from` names the table of a database, and there is none here".to_owned(),
        ),
        _ => {}
    }
    if !source.columns.is_empty() {
        if source.sql.is_some() || source.table != "orders" {
            wrong(
                &format!("{key}.columns"),
                "columns are for orders that are recognised by their header; a select names its columns itself".to_owned(),
            );
        } else if let Err(error) = overrides(source) {
            wrong(&format!("{key}.columns"), error);
        }
    }
    if source.database.as_ref().is_some_and(Address::has_password) {
        problems.push(password(format!("{key}.database")));
    }
}

/// A kind of identifier that no event tells: nobody would be found by it.
fn unknown_kind(name: &str, source: &Source, events: &Events) -> Option<Problem> {
    let kind = source.customers_are.as_deref()?;
    let usual =
        [IdentifierKind::UserId, IdentifierKind::Email, IdentifierKind::Phone, IdentifierKind::AnonymousId];
    let known =
        usual.iter().map(IdentifierKind::as_str).chain(events.external_kinds.iter().map(String::as_str));
    if known.clone().any(|known| known == kind) {
        return None;
    }
    let message = format!(
        "{} ([events] external_kinds); the source's customers are valued apart from those of live events, unless the API names \
         such identifiers",
        unknown("kind of identifier in events", kind, known)
    );
    Some(Problem::warning(format!("sources.{name}.customers_are"), message))
}

/// The columns that a source assigns.
pub(crate) fn overrides(source: &Source) -> Result<ColumnOverrides, String> {
    if source.columns.is_empty() {
        return Ok(ColumnOverrides::default());
    }
    let pairs: Vec<String> = source.columns.iter().map(|(role, column)| format!("{role}={column}")).collect();
    pairs.join(",").parse().map_err(|error: perennial_lake::Error| error.to_string())
}

fn export(key: &str, export: &Export, problems: &mut Vec<Problem>) {
    let mut wrong =
        |part: &str, message: String| problems.push(Problem::error(format!("{key}.{part}"), message));
    if let Err(problem) = place(export) {
        wrong("to", problem);
    }
    if export.table.as_ref().is_some_and(|table| table.trim().is_empty()) {
        wrong("table", "the table to write is not named: write \"customer_values\", or \"shop.customer_values\" with its schema".to_owned());
    }
    for column in &export.columns {
        if !value_columns().any(|name| name == column) {
            wrong("columns", unknown("column", column, value_columns()));
        }
    }
    if let ConsentRule::Asked(ConsentScope { purpose, channel, topic }) = &export.consent
        && [purpose, channel, topic].into_iter().any(|word| word.trim().is_empty())
    {
        wrong("consent", "purpose, channel and topic of a consent are words, not empty".to_owned());
    }
    if export.to.has_password() {
        problems.push(password(format!("{key}.to")));
    }
}

/// The sources that would read what an export writes, or that it would overwrite.
fn read_by<'a>(export: &Export, sections: &'a Sections) -> impl Iterator<Item = &'a str> {
    let written = export.table.is_none().then(|| plain(&export.to.to_string()));
    sections.sources.iter().filter_map(move |(name, source)| {
        let written = written.as_deref()?;
        let paths = source.files.as_ref()?.paths();
        paths.iter().any(|path| reads(&plain(path), written)).then_some(name.as_str())
    })
}

/// Whether two exports write one file or one table.
fn is_same_place(one: &Export, other: &Export) -> bool {
    let place = |export: &Export| (plain(&export.to.to_string()), export.table.clone());
    place(one) == place(other)
}

/// A path without the parts that mean nothing: `a/./b/../c` is `a/c`.
fn plain(path: &str) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Whether a source of files takes a file for its own: by name, by its folder, or by a glob.
fn reads(source: &Path, file: &Path) -> bool {
    let as_in_a_folder = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
    let matches =
        |glob: &str| glob::Pattern::new(glob).is_ok_and(|glob| glob.matches_path_with(file, as_in_a_folder));
    source == file || file.parent() == Some(source) || source.to_str().is_some_and(matches)
}

/// Whether an export's place and its table belong together.
fn place(export: &Export) -> Result<(), String> {
    let to = &export.to;
    match (to.is_of_database(), &export.table) {
        (false, None) => format_of(to).map(drop),
        (true, None) => Err(
            "which table of the database? Add table = \"customer_values\", or \"shop.customer_values\" with its schema"
                .to_owned(),
        ),
        (false, Some(_)) => Err(format!(
            "`table` is for a database, and \"{to}\" is a file: write \"env:NAME\", \"postgres://...\" or \"sqlite:FILE\", or \
             leave `table` out"
        )),
        (true, Some(_)) if to.is_itself() => to.database(Path::new("")).map(drop),
        (true, Some(_)) => Ok(()),
    }
}

fn password(key: impl Into<String>) -> Problem {
    Problem::warning(
        key,
        "a password stands in the file, where backups and version control will keep it: write \"env:NAME\" or \"file:PATH\" instead",
    )
}
