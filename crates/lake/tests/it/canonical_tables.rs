//! The book's page on the canonical tables says what the code says.

use std::fmt::Write as _;
use std::path::Path;

use perennial_lake::CanonicalTable;

/// What stands before the tables is written by hand, what follows is made from the code.
const MARK: &str = "<!-- From here on the page is made from crates/lake/src/canonical_table/columns.rs -->\n";

fn described() -> String {
    let mut text = String::new();
    for table in CanonicalTable::ALL {
        writeln!(text, "\n## `{table}`\n\n{}\n", table.meaning()).unwrap();
        writeln!(
            text,
            "| column | type | unit | required | meaning | also found as |\n|---|---|---|---|---|---|"
        )
        .unwrap();
        for column in table.columns() {
            let also: Vec<String> = column.also.iter().map(|name| format!("`{name}`")).collect();
            writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {} |",
                column.name,
                column.kind.name(),
                column.unit,
                if column.required { "yes" } else { "" },
                column.meaning,
                also.join(", ")
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_page_is_made_from_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/src/canonical-tables.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, tables) = page.split_once(MARK).expect("the page has its mark");
    if std::env::var_os("PERENNIAL_WRITE_BOOK").is_some() {
        std::fs::write(&path, format!("{head}{MARK}{}", described())).unwrap();
        return;
    }
    assert!(
        tables == described(),
        "docs/book/src/canonical-tables.md is not what the code says: PERENNIAL_WRITE_BOOK=1 cargo test --release -p perennial-lake \
         the_page_is_made_from_the_code writes it"
    );
}
