//! Finds the imports between the files of a crate from their syntax trees. Tests are ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The path of a file as a module, such as `terms::store::prices`; the crate's root is empty.
pub type Module = Vec<String>;
/// For each file, the files that it imports from.
pub type Imports = BTreeMap<Module, BTreeSet<Module>>;
/// For each module and name that it imports for others, the path of the item.
type Exports = BTreeMap<(Module, String), Vec<String>>;

/// Reads the imports between the files of a crate.
pub fn of_crate(source: &Path) -> Imports {
    let mut files = BTreeMap::new();
    read(source, &[], &mut files);
    let known: BTreeSet<Module> = files.keys().cloned().collect();
    let mut seen: BTreeMap<Module, Seen<'_>> = BTreeMap::new();
    for (module, file) in files {
        let mut of_file = Seen::new(&known, module.clone());
        of_file.visit_file(&file);
        seen.insert(module, of_file);
    }
    let exports: Exports = seen
        .iter()
        .flat_map(|(module, seen)| {
            seen.exports.iter().map(|(name, path)| ((module.clone(), name.clone()), path.clone()))
        })
        .collect();
    let tests: BTreeSet<Module> = seen.values().flat_map(|seen| seen.tests.clone()).collect();
    let is_test = |module: &Module| (1..=module.len()).any(|length| tests.contains(&module[..length]));
    let of_file = |(module, seen): (Module, Seen<'_>)| {
        let from = seen.paths.iter().map(|path| file_of(path, &known, &exports, 0));
        let from = from.filter(|other| *other != module && !is_test(other)).collect();
        (module, from)
    };
    seen.into_iter().filter(|(module, _)| !is_test(module)).map(of_file).collect()
}

/// Returns the files of each circle of imports.
pub fn circles(imports: &Imports) -> Vec<BTreeSet<Module>> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        imports.keys().map(|module| (module, reachable(module, imports))).collect();
    let mut found: BTreeSet<BTreeSet<Module>> = BTreeSet::new();
    for (module, others) in &reached {
        let back =
            others.iter().filter(|other| reached.get(*other).is_some_and(|others| others.contains(*module)));
        let circle: BTreeSet<Module> = back.map(|other| (*other).clone()).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'i>(module: &Module, imports: &'i Imports) -> BTreeSet<&'i Module> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Module> = imports.get(module).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if found.insert(module) {
            next.extend(imports.get(module).into_iter().flatten());
        }
    }
    found
}

/// Returns the file that a path leads to, following names that other files import.
fn file_of(path: &[String], known: &BTreeSet<Module>, exports: &Exports, depth: usize) -> Module {
    let length = (0..=path.len()).rev().find(|length| known.contains(&path[..*length])).unwrap_or(0);
    let (file, rest) = path.split_at(length);
    let exported = rest.first().and_then(|name| exports.get(&(file.to_vec(), name.clone())));
    match exported {
        Some(target) if depth < 8 => {
            let path: Vec<String> = target.iter().chain(&rest[1..]).cloned().collect();
            file_of(&path, known, exports, depth + 1)
        }
        _ => file.to_vec(),
    }
}

fn read(folder: &Path, parent: &[String], files: &mut BTreeMap<Module, syn::File>) {
    let entries = fs::read_dir(folder).unwrap();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_root = parent.is_empty() && (name == "lib" || name == "main");
        let module = if is_root { Module::new() } else { [parent, &[name]].concat() };
        if path.is_dir() {
            read(&path, &module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.insert(module, syn::parse_file(&text).unwrap());
        }
    }
}

/// What was found in one file.
struct Seen<'k> {
    known: &'k BTreeSet<Module>,
    module: Module,
    /// The paths that the file uses, from the crate's root on.
    paths: BTreeSet<Vec<String>>,
    exports: Vec<(String, Vec<String>)>,
    /// The modules below the file that are only for tests.
    tests: Vec<Module>,
}

impl<'k> Seen<'k> {
    const fn new(known: &'k BTreeSet<Module>, module: Module) -> Self {
        Self { known, module, paths: BTreeSet::new(), exports: Vec::new(), tests: Vec::new() }
    }

    /// Returns the path from the crate's root on; `None` if it leads to another crate, or to an item of the
    /// file itself.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([self.module.as_slice(), &path[1..]].concat()),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let parent = self.module.len().checked_sub(ups)?;
                Some([&self.module[..parent], &path[ups..]].concat())
            }
            _ => {
                let is_below = self.known.contains(&[self.module.as_slice(), &path[..1]].concat());
                is_below.then(|| [self.module.as_slice(), path].concat())
            }
        }
    }
}

/// Collects the names that a `use` brings in, each with its path.
fn names(tree: &syn::UseTree, path: &[String], found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        syn::UseTree::Path(next) => names(&next.tree, &[path, &[next.ident.to_string()]].concat(), found),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, path, found)),
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.push((path.last().cloned().unwrap_or_default(), path.to_vec()));
        }
        syn::UseTree::Name(name) => {
            let name = name.ident.to_string();
            found.push((name.clone(), [path, &[name]].concat()));
        }
        syn::UseTree::Rename(name) => {
            found.push((name.rename.to_string(), [path, &[name.ident.to_string()]].concat()));
        }
        syn::UseTree::Glob(_) => found.push(("*".to_owned(), path.to_vec())),
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    };
    attributes.iter().any(is_test)
}

impl<'ast> Visit<'ast> for Seen<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let mut found = Vec::new();
        names(&item.tree, &[], &mut found);
        for (name, path) in found {
            let Some(path) = self.absolute(&path) else { continue };
            if !matches!(item.vis, syn::Visibility::Inherited) {
                self.exports.push((name, path.clone()));
            }
            self.paths.insert(path);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_for_tests(&item.attrs) {
            self.tests.push([self.module.as_slice(), &[item.ident.to_string()]].concat());
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.paths.extend(self.absolute(&segments));
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::x)` does not import anything.
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let text = item.tokens.to_string().replace(' ', "");
        for (at, _) in text.match_indices("crate::") {
            let path = text[at..].split(|c: char| !(c.is_alphanumeric() || "_:".contains(c))).next();
            let segments: Vec<String> = path.unwrap_or_default().split("::").map(str::to_owned).collect();
            self.paths.extend(self.absolute(&segments));
        }
        visit::visit_macro(self, item);
    }
}
