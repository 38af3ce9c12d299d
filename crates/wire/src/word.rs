//! The small closed words of the model, to and from their spelling in JSON.

use podwall_model as model;

use crate::rest;

macro_rules! same_words {
    ($($name:ident { $($word:ident)* })*) => {$(
        impl From<model::$name> for rest::$name {
            fn from(word: model::$name) -> rest::$name {
                match word { $(model::$name::$word => rest::$name::$word,)* }
            }
        }

        impl From<rest::$name> for model::$name {
            fn from(word: rest::$name) -> model::$name {
                match word { $(rest::$name::$word => model::$name::$word,)* }
            }
        }
    )*};
}

same_words! {
    Direction { Ingress Egress }
    FlowKind { New Judged Changed Closed }
    Mode { Off Detect Enforce }
    Verdict { Forwarded WouldDrop Dropped WouldAllow }
}
