"""Whether a copy of reBEN is right: what is in it, held against the published values or what is known of them."""
