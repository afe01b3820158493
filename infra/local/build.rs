//! Lists the files of the console, which the program embeds. Declarations of types are for `tsc` alone.

use std::{env, fs, path::Path};

fn main() {
    let site =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../console/site");
    println!("cargo:rerun-if-changed={}", site.display());
    let mut files = Vec::new();
    list(&site, "", &mut files);
    files.sort();
    let entries: String = files
        .iter()
        .map(|file| format!("({file:?}, include_bytes!({:?})),\n", site.join(&file[1..])))
        .collect();
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("console_files.rs");
    fs::write(target, format!("&[\n{entries}]")).expect("the list of files can be written");
}

/// Adds the paths of all files in `directory` to `files`, each with `prefix` and a slash before it.
fn list(directory: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("infra/console/site can be read") {
        let entry = entry.expect("infra/console/site can be read");
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &path, files);
        } else if !path.ends_with(".d.ts") {
            files.push(path);
        }
    }
}
