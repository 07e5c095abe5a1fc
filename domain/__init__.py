"""The ground floor: what every other room speaks. Pure: pydantic and the standard library only."""
