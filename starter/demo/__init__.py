"""The demo: real shoppers' behaviour, played against the real stack with time sped up, and checked."""
