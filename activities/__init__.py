"""Everything that touches the world for a journey. Thin: each calls domain, storage and mail.

Activities are methods of small classes that hold what they need; `crew.Crew` builds them all.
"""
