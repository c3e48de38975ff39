//! Generates the protocol's types, clients and servers, and the descriptor set for reflection.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo passes the directory to build scripts in this \
     variable"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    collect(&root.join("usher"), &mut files)?;
    files.sort();
    println!("cargo:rerun-if-changed={}", root.join("usher").display());

    let descriptors = protox::compile(&files, [&root])?;
    let output = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(output, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
