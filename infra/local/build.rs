//! Lists the files of the console, which the program embeds. Declarations of types are for `tsc` alone.

use std::{env, error::Error, fs, io, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let site = format!("{}/../console/site", env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo:rerun-if-changed={site}");
    let mut files = Vec::new();
    list(Path::new(&site), "", &mut files)?;
    files.sort();
    let entries: Vec<_> = files
        .iter()
        .map(|file| format!("({file:?}, include_bytes!({:?})),\n", format!("{site}{file}")))
        .collect();
    let target = Path::new(&env::var("OUT_DIR")?).join("console_files.rs");
    Ok(fs::write(target, format!("&[\n{}]", entries.concat()))?)
}

/// Adds the paths of all files in `directory` to `files`, each with `prefix` and a slash before it.
fn list(directory: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &path, files)?;
        } else if !path.ends_with(".d.ts") {
            files.push(path);
        }
    }
    Ok(())
}
