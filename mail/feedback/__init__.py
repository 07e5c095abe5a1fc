"""What mail providers report: one adapter each, which tells a true request from a forged one and reads it. Pure.

Reading follows the providers' own documentation; where it leaves room, what django-anymail found out. None of them has
been tried against the real service.
"""
