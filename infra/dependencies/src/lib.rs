//! Nothing: this package only asks for every dependency of the workspace with every feature that somebody uses. Its manifest says why.
