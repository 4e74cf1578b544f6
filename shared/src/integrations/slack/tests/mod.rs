mod client;
mod credentials;
mod translate;
mod wire;
