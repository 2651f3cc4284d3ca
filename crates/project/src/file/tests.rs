//! The project file: what is understood, and what is said about what is not.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::{Error, Project};

fn problems(text: &str) -> Vec<String> {
    match Project::parse(Path::new("perennial.toml"), text) {
        Ok(project) => project.warnings.iter().map(ToString::to_string).collect(),
        Err(Error::Problems { problems }) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
    }
}

fn only(text: &str) -> String {
    let mut found = problems(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn an_empty_file_is_a_shop_of_live_events() {
    let project = Project::parse(Path::new("shop/perennial.toml"), "").unwrap();
    assert_eq!(project.folder, Path::new("shop"));
    assert_eq!(project.sections.store.url, "sqlite:perennial.db".into());
    assert_eq!(project.path("values.csv"), Path::new("shop/values.csv"));
    assert!(project.warnings.is_empty());
}

#[test]
fn quantities_are_written_as_on_the_command_line() {
    let text = r#"
        [shop]
        currency = "eur"
        time_zone = "Europe/Berlin"
        rates = { GBP = 1.17, USD = 1 }
        [value]
        horizon = "12m"
        discount = 0.08
        margin = "35%"
        model = "pareto-nbd"
        [schedule]
        every = "monday at 04:00"
        [privacy]
        keep_event_payloads = "3y"
    "#;
    let sections = Project::parse(Path::new("p.toml"), text).unwrap().sections;
    assert_eq!(sections.shop.currency.as_deref(), Some("EUR"));
    assert_eq!(sections.shop.time_zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(sections.shop.rates["USD"].to_string(), "1");
    assert_eq!(sections.value.horizon.to_string(), "365.25");
    assert_eq!(sections.value.discount.to_string(), "0.08");
    assert_eq!(sections.value.margin, Some(Margin::Given(0.35)));
    assert_eq!(sections.schedule.every.unwrap().to_string(), "monday at 04:00");
    assert_eq!(sections.privacy.keep_event_payloads, Some(3.0 * 365.25));
}

#[test]
fn an_unknown_key_says_where_and_which_was_meant() {
    let said = only("[value]\ndiscount = \"10%\"\nhorizn = \"365d\"\n");
    assert!(
        said.starts_with(
            "perennial.toml:3: value.horizn: there is no key of [value] \"horizn\"; did you mean \"horizon\"?"
        ),
        "{said}"
    );
    assert!(said.contains("Known are horizon, discount, margin"), "{said}");
    let said = only("[vlaue]\n");
    assert!(said.contains("perennial.toml:1") && said.contains("did you mean \"value\"?"), "{said}");
    let said = only("[sources.web]\nfiles = \"a.csv\"\n[sources.shop]\nfile = \"b.csv\"\nfiles = \"b.csv\"");
    assert!(said.contains("perennial.toml:4: sources.shop.file") && said.contains("\"files\""), "{said}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = r#"
[shop]
currency = "Euro"
time_zone = "Europe/Lodnon"
rates = { GBP = 0.0, EURO = 1.1 }
colour = "red"

[value]
horizon = 365
discount = "ten"
margin = 35
model = "bg-ndb"
seed = -1

[[tiers]]
name = "gold"
at_least = 100
[[tiers]]
at_least = 10
[[tiers]]
name = "gold"
at_least = 500

[sources.web]
tabel = "orders"
[sources.old]
files = ["a.csv"]
delta = "b"
[schedule]
every = "daily"
[[exports]]
to = "values.xlsx"
columns = ["customer", "total_clv"]
consent = "not_needed"
[[exports]]
to = "values.csv"
[server]
address = "localhost"
"#;
    let found = problems(text).join("\n");
    for part in [
        "perennial.toml:3: shop.currency: \"Euro\" is not a currency code",
        "perennial.toml:4: shop.time_zone: there is no time zone \"Europe/Lodnon\"; did you mean Europe/London?",
        "perennial.toml:5: shop.rates.GBP: a rate is a positive number such as 0.86, not 0",
        "perennial.toml:5: shop.rates.EURO: \"EURO\" is not a currency code",
        "perennial.toml:6: shop.colour: there is no key of [shop]",
        "perennial.toml:9: value.horizon: \"365\" has no unit; did you mean 365d",
        "perennial.toml:10: value.discount: \"ten\" is not a share",
        "perennial.toml:11: value.margin: 35 as a fraction is 3500%; did you mean 35%?",
        "perennial.toml:12: value.model: there is no transaction model \"bg-ndb\"; did you mean \"bg-nbd\"?",
        "perennial.toml:13: value.seed: invalid value: integer `-1`",
        "tiers[2]: the key name is missing",
        "perennial.toml:25: sources.web.tabel: there is no key of [sources.web] \"tabel\"; did you mean \"table\"?",
        "sources.old: it lies in one place",
        "perennial.toml:30: schedule.every: \"daily\" is no schedule",
        "exports[1].to: \"values.xlsx\" must end in .parquet, .csv or .json",
        "exports[1].columns: there is no column \"customer\"; did you mean \"customer_id\"?",
        "exports[2]: the key consent is missing",
        "perennial.toml:38: server.address: ",
    ] {
        assert!(found.contains(part), "{part:?} is missing in:\n{found}");
    }
}

#[test]
fn broken_text_is_located() {
    let found = problems("[shop]\nname = \"a\n[value]\nseed = = 1\n");
    assert!(found.iter().any(|said| said.contains("perennial.toml:2")), "{found:#?}");
    assert!(found.iter().any(|said| said.contains("perennial.toml:4")), "{found:#?}");
    assert!(
        only("[sources.web]\n[sources.old]\nfiles = \"b.csv\"\n")
            .contains("perennial.toml:1: sources.web: where does it lie?")
    );
    // The header of the second table, and each key that it repeats.
    let twice = problems("[sources.web]\nfiles = \"a.csv\"\n[sources.web]\nfiles = \"b.csv\"\n");
    assert_eq!(twice, ["perennial.toml:3: duplicate key", "perennial.toml:4: duplicate key"]);
}

#[test]
fn tiers_are_by_amount_or_by_share() {
    let shares = |gold: &str, silver: &str| {
        format!(
            "[[tiers]]\nname = \"a\"\nshare = {gold}\n[[tiers]]\nname = \"b\"\nshare = {silver}\n[[tiers]]\nname = \"c\"\n"
        )
    };
    assert!(problems(&shares("\"10%\"", "0.4")).is_empty());
    assert!(only(&shares("0.4", "0.1")).contains("they rise from tier to tier"));
    assert!(only(&shares("-0.4", "0.1")).contains("negative"));
    assert!(
        only("[[tiers]]\nname = \"a\"\n[[tiers]]\nname = \"b\"\nat_least = 1\n")
            .contains("only the last tier")
    );
    assert!(
        only("[[tiers]]\nname = \"a\"\nat_least = 2\n[[tiers]]\nname = \"b\"\nat_least = 3\n")
            .contains("3 is not less than 2")
    );
    assert!(
        only("[[tiers]]\nname = \"a\"\nat_least = 2\n[[tiers]]\nname = \"a\"\n").contains("two tiers \"a\"")
    );
    assert!(
        only("[[tiers]]\nname = \"a\"\nat_least = 2\n[[tiers]]\nname = \"b\"\nshare = 0.5\n")
            .contains("all by share")
    );
}

#[test]
fn costs_need_a_margin_and_rates_a_currency() {
    assert!(only("[costs]\nper_order = 4.5\n").contains("set margin in [value]"));
    assert!(problems("[costs]\nper_order = 4.5\n[value]\nmargin = \"measured\"\n").is_empty());
    assert!(only("[shop]\nrates = { GBP = 1.1 }\n").contains("add currency"));
    assert!(only("[shop]\ncurrency = \"EUR\"\nrates = { EUR = 1.1 }\n").contains("one EUR is one EUR"));
    // Of a margin that cannot be read it is not known whether costs could lower it.
    assert!(only("[costs]\nper_order = 4.5\n[value]\nmargin = 35\n").contains("value.margin"));
    assert!(only("[events]\norders = false\n").contains("there are no orders to value"));
}

#[test]
fn identifiers_of_other_systems_and_leap_days_are_set() {
    let text = "[events]\nexternal_kinds = [\"stripe_customer\", \"erp\"]\n[shop]\nleap_day = \"march_1\"\n";
    let project = Project::parse(Path::new("p.toml"), text).unwrap();
    assert_eq!(project.sections.shop.leap_day, perennial_store::LeapDay::March1);
    let rules = crate::projection_rules(&project);
    assert_eq!(rules.identity.external_kinds, ["stripe_customer", "erp"]);
    let usual = Project::parse(Path::new("p.toml"), "").unwrap();
    assert_eq!(crate::projection_rules(&usual), perennial_store::ProjectionRules::default());
    assert!(only("[events]\nexternal_kinds = [\"email\"]\n").contains("\"email\" tells a customer always"));
    assert!(only("[events]\nexternal_kinds = [\"a b\"]\n").contains("no kind of identifier"));
    assert!(only("[shop]\nleap_day = \"29\"\n").contains("shop.leap_day"));
}

#[test]
fn sources_are_not_called_as_live_events_are() {
    let said = only("[sources.live_orders]\nfiles = \"a.csv\"\n");
    assert!(said.contains("sources.live_orders: live_orders is what live events are called"), "{said}");
}

#[test]
fn a_kind_of_identifier_that_nobody_tells_is_a_warning() {
    let source = |kind: &str| format!("[sources.web]\nfiles = \"a.csv\"\ncustomers_are = \"{kind}\"\n");
    let warnings = |text: &str| Project::parse(Path::new("p.toml"), text).unwrap().warnings;
    let [warning] = warnings(&source("stripe_custmer")).try_into().unwrap();
    assert_eq!((warning.key.as_str(), warning.line), ("sources.web.customers_are", Some(3)));
    assert!(
        warning.message.contains("no kind of identifier in events \"stripe_custmer\""),
        "{}",
        warning.message
    );
    assert_eq!(warnings(&source("email")), []);
    let named = "[events]\nexternal_kinds = [\"stripe_customer\"]\n";
    assert_eq!(warnings(&(source("stripe_customer") + named)), []);
}

#[test]
fn an_error_of_one_source_hides_none_of_another() {
    let found = problems("[sources.web2]\nfiles = 5\n[sources.web]\ntable = \"orders\"\n").join("\n");
    assert!(
        found.contains("sources.web2.files") && found.contains("sources.web: where does it lie?"),
        "{found}"
    );
}

#[test]
fn a_password_in_the_file_is_a_warning_that_does_not_repeat_it() {
    let said = only("[store]\nurl = \"postgres://shop:hunter2@db/shop\"\n");
    assert!(said.contains("perennial.toml:2: store.url: a password stands in the file"), "{said}");
    assert!(!said.contains("hunter2"));
    assert!(problems("[store]\nurl = \"postgres://shop@db/shop\"\n").is_empty());
    let project =
        Project::parse(Path::new("p.toml"), "[store]\nurl = \"postgres://shop:hunter2@db/shop\"\n").unwrap();
    assert!(!format!("{project:?}").contains("hunter2"));
}

#[test]
fn two_exports_have_two_places() {
    let to = |first: &str, second: &str| {
        let export = |to: &str| format!("[[exports]]\nconsent = \"not_needed\"\n{to}\n");
        problems(&(export(first) + &export(second))).join("\n")
    };
    for second in ["to = \"out/values.csv\"", "to = \"out/../out/./values.csv\""] {
        let said = to("to = \"out/values.csv\"", second);
        assert!(said.contains("exports[2].to") && said.contains("is what exports[1] writes"), "{said}");
    }
    assert_eq!(to("to = \"out/values.csv\"", "to = \"out/values.parquet\""), "");
    let table = |name: &str| format!("to = \"sqlite:out.db\"\ntable = \"{name}\"");
    assert_eq!(to(&table("one"), &table("two")), "");
    assert!(to(&table("one"), &table("one")).contains("exports[2].to"));
}

#[test]
fn an_export_is_not_what_a_source_reads() {
    let shop = |files: &str, to: &str| {
        problems(&format!(
            "[sources.web]\ntable = \"orders\"\nfiles = \"{files}\"\n[[exports]]\nconsent = \"not_needed\"\nto = \"{to}\"\n"
        ))
    };
    for (files, to) in
        [("orders.csv", "./orders.csv"), ("in/*.csv", "in/values.csv"), ("in/", "in/values.csv")]
    {
        let said = shop(files, to).join("\n");
        assert!(
            said.contains("exports[1].to") && said.contains("is what the source web reads"),
            "{files}: {said}"
        );
    }
    for (files, to) in [
        ("orders.csv", "out/orders.csv"),
        ("in/*.csv", "in/values.parquet"),
        ("in/orders-*.csv", "in/values.csv"),
        ("in/*.csv", "in/out/values.csv"),
    ] {
        assert_eq!(shop(files, to), [""; 0], "{files}");
    }
}

#[test]
fn an_export_is_a_file_or_a_table_of_a_database() {
    let export = |keys: &str| problems(&format!("[[exports]]\nconsent = \"not_needed\"\n{keys}\n"));
    for right in [
        "to = \"out.csv\"",
        "to = \"s3://bucket/out.parquet\"",
        "to = \"env:WAREHOUSE_URL\"\ntable = \"values\"",
        "to = \"postgres://shop@db/shop\"\ntable = \"shop.values\"",
        "to = \"sqlite:out.db\"\ntable = \"values\"",
    ] {
        assert_eq!(export(right), [""; 0], "{right}");
    }
    for (wrong, said) in [
        (
            "to = \"out.csv\"\ntable = \"values\"",
            "perennial.toml:3: exports[1].to: `table` is for a database, and \"out.csv\" is a file",
        ),
        (
            "to = \"env:WAREHOUSE_URL\"",
            "perennial.toml:3: exports[1].to: which table of the database? Add table = ",
        ),
        ("to = \"sqlite:out.db\"", "which table of the database?"),
        ("to = \"sqlite:\"\ntable = \"values\"", "an SQLite address names its file"),
        (
            "to = \"sqlite:out.db\"\ntable = \" \"",
            "perennial.toml:4: exports[1].table: the table to write is not named",
        ),
        ("to = \"out\"", "must end in .parquet, .csv or .json"),
        (
            "to = \"postgres://a:hunter2@db/shop\"\ntable = \"values\"",
            "exports[1].to: a password stands in the file",
        ),
    ] {
        let found = export(wrong);
        assert!(
            found.len() == 1 && found[0].contains(said) && !found[0].contains("hunter2"),
            "{wrong}: {found:#?}"
        );
    }
}

#[test]
fn hostile_files_are_no_crash() {
    for text in [
        "\u{0}",
        "[[",
        "a.b.c.d = 1",
        "= 1",
        "[sources.\"..\"]\nfiles=[]",
        "tiers = 5",
        "sources = []",
        "\u{feff}[shop]",
    ] {
        let _ = problems(text);
    }
    let deep = format!("a = {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(!problems(&deep).is_empty());
    assert!(only("[sources.\"../x\"]\nfiles = \"a.csv\"\n").contains("part of file names"));
}

/// The keys of a section, as the error about an unknown one lists them.
fn keys(before: &str, section: &str) -> BTreeSet<String> {
    let found = problems(&format!("{before}\n{section}\nno_such_key_at_all = 1\n"));
    let said =
        found.iter().find(|said| said.contains("no_such_key_at_all")).unwrap_or_else(|| panic!("{found:?}"));
    said.split_once("Known are ").unwrap().1.split(", ").map(str::to_owned).collect()
}

/// Every section with its header.
fn every_key() -> Vec<(&'static str, BTreeSet<String>)> {
    let mut all: Vec<_> = [
        "[shop]",
        "[value]",
        "[costs]",
        "[[tiers]]",
        "[sources.NAME]",
        "[events]",
        "[store]",
        "[schedule]",
        "[privacy]",
        "[[exports]]",
        "[[webhooks]]",
        "[hubspot]",
        "[server]",
    ]
    .map(|section| (section, keys("", section)))
    .into();
    let sections: BTreeSet<_> =
        all.iter().map(|(name, _)| name.trim_matches(['[', ']']).replace(".NAME", "")).collect();
    assert_eq!(keys("", ""), sections, "a section is missing in this test");
    all.sort();
    all
}

#[test]
fn the_template_is_right_and_holds_every_key() {
    let plain = template(&Begun::default());
    assert_eq!(problems(&plain), [""; 0]);
    // All examples switched on, as a person does: the mark in front of a key goes, prose stays.
    let switched_on: String = plain
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line)
        })
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(problems(&switched_on), [""; 0], "{switched_on}");
    for (section, keys) in every_key() {
        assert!(switched_on.contains(section.replace("NAME]", "").as_str()), "{section}");
        for key in keys {
            assert!(switched_on.contains(&format!("{key} = ")), "{section} {key}");
        }
    }
}

#[test]
fn the_template_takes_what_was_recognised() {
    let orders = OrdersFound {
        file: "ex\"ports/orders.csv".to_owned(),
        format: "Shopify orders export".to_owned(),
        currency: Some("GBP".to_owned()),
        first_day: jiff::civil::date(2009, 12, 1),
        last_day: jiff::civil::date(2011, 12, 9),
    };
    let text = template(&Begun { name: "Tom's \"shop\"".to_owned(), orders: Some(orders) });
    assert!(
        text.contains("# Recognised: Shopify orders export, orders from 2009-12-01 to 2011-12-09."),
        "{text}"
    );
    let sections = Project::parse(Path::new("p.toml"), &text).unwrap().sections;
    assert_eq!(sections.shop.name, "Tom's \"shop\"");
    assert_eq!(sections.shop.currency.as_deref(), Some("GBP"));
    assert_eq!(sections.sources["orders"].files.as_ref().unwrap().paths(), ["ex\"ports/orders.csv"]);
}

#[test]
fn the_book_documents_every_key() {
    let page = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/src/project-file.md"),
    )
    .unwrap();
    for (section, keys) in every_key() {
        let (_, after) =
            page.split_once(&format!("`{section}`")).unwrap_or_else(|| panic!("{section} is missing"));
        let part = after.split("\n## ").next().unwrap();
        for key in keys {
            assert!(part.contains(&format!("| `{key}` |")), "{section} {key} is missing");
        }
    }
}
