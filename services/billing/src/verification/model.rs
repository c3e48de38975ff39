pub(crate) mod proof;
pub(crate) mod verdict;
