//! `perennial init`: the file that a project begins with.

use std::path::Path;

use anyhow::{Context, Result};
use perennial_lake::{OrderSource, Session, SessionOptions};
use perennial_project::{Begun, Error, OrdersFound, PROJECT_FILE, template};
use perennial_report::Texts;
use serde_json::json;

use crate::arguments::project::InitArguments;

pub(crate) fn run(arguments: &InitArguments) -> Result<()> {
    let folder = &arguments.folder;
    let file = folder.join(PROJECT_FILE);
    if file.exists() {
        return Err(Error::Exists { path: file }.into());
    }
    let orders = arguments.orders.as_deref().map(|orders| recognised(folder, orders)).transpose()?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let name = arguments.name.clone().unwrap_or_else(|| name_of(folder));
    let text = template(&Begun { name, orders });
    // Whatever was written meanwhile is not overwritten.
    let written = std::fs::File::create_new(&file)
        .and_then(|mut new| std::io::Write::write_all(&mut new, text.as_bytes()));
    written.with_context(|| file.display().to_string())?;
    let here = folder == Path::new(".");
    let project = if here { String::new() } else { format!(" --project {}", folder.display()) };
    println!("Wrote {}. Next: perennial check{project}, then perennial run{project}", file.display());
    Ok(())
}

/// Looks at a file of orders; its path as seen from the project's folder.
fn recognised(folder: &Path, orders: &Path) -> Result<OrdersFound> {
    let session = Session::new(&SessionOptions::default())?;
    let reading = session.read_orders(&OrderSource::new([orders.display().to_string()]))?;
    let format = Texts::plain(perennial_report::Language::English).code("format", &json!(reading.format));
    Ok(OrdersFound {
        file: seen_from(folder, orders),
        format,
        currency: reading.currency,
        first_day: reading.first_day,
        last_day: reading.last_day,
    })
}

/// The path as it is written in a project of that folder.
fn seen_from(folder: &Path, path: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let (folder, path) = (absolute(folder), absolute(path));
    path.strip_prefix(&folder).unwrap_or(&path).display().to_string()
}

fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    let name = folder.ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_default()
}
