"""Importing a catalogue: every format, every mistake by its line, all or nothing, and again without a change."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigurationError, InvalidCatalogueError
from domain.product import Product
from starter.catalogue.files import read_rows
from starter.catalogue.importing import MOST_ERRORS, Imported, import_catalogue
from storage.database import Database
from storage.products import Products, Saved
from tests.storage.samples import NOON

LAMP = {"product_id": "lamp", "name": "Lamp", "price": 49.9, "category": "Lighting"}
CHAIR = {"product_id": "chair", "name": "Chair", "price": 189, "stock": 3}
REVIEW = {"product_id": "lamp", "author": "Jo", "rating": 5, "quote": "Bright."}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.txt"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def lines(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


async def shown(database: Database) -> list[Product]:
    async with database.read() as session:
        return await Products(session).in_order()


async def ids(database: Database) -> list[str]:
    return [each.product_id for each in await shown(database)]


async def load(database: Database, file: Path, **options: Any) -> Imported:
    return await import_catalogue(database, file, now=NOON, **options)


@pytest.mark.parametrize(
    "text",
    [
        lines(LAMP, CHAIR),
        lines(LAMP, CHAIR).replace("\n", "\n\n") + "\n",
        json.dumps([LAMP, CHAIR]),
        json.dumps([LAMP, CHAIR], indent=2),
        "\ufeff  " + json.dumps([LAMP, CHAIR]),
        "product_id,name,price,category,stock\nlamp,Lamp,49.9,Lighting,\nchair,Chair,189,,3\n",
        "\ufeffSKU;Title;Price;Product type;Inventory\r\nlamp;Lamp;49.9;Lighting;\r\nchair;Chair;189;;3\r\n",
        'id\tname\tprice\tcategory\tstock\nlamp\tLamp\t49.9\tLighting\t\n\nchair\t"Chair"\t189\t\t3\n',
    ],
    ids=["lines", "lines with blanks", "list", "indented list", "byte-order mark", "CSV", "semicolons", "tabs"],
)
async def test_every_format_says_the_same(sqlite_database: Database, file: Path, text: str) -> None:
    assert await load(sqlite_database, written(file, text)) == Imported(products=Saved(new=2))
    lamp, chair = await shown(sqlite_database)
    assert lamp == Product(product_id="lamp", name="Lamp", price=49.9, category="Lighting", added_at=NOON)
    assert chair == Product(product_id="chair", name="Chair", price=189, stock=3, added_at=NOON)


async def test_what_nobody_sees_is_left_out_and_a_right_to_left_shop_is_read(
    sqlite_database: Database, file: Path, tmp_path: Path
) -> None:
    lamp = LAMP | {"name": "מנורה\u200f \u202eלבנה", "category": "تأ\u200bثيث", "description": "a\u2066\n\u2069b"}
    review = REVIEW | {"author": "J\u202eo", "quote": "می\u200cخرم"}
    reviews = written(tmp_path / "reviews.json", lines(review))
    await load(sqlite_database, written(file, lines(lamp)), reviews=reviews)
    (shown_lamp,) = await shown(sqlite_database)
    async with sqlite_database.read() as session:
        (shown_review,) = await Products(session).reviews_of(["lamp"], 9)
    assert (shown_review.author, shown_review.quote) == ("Jo", "می\u200cخرم")
    assert (shown_lamp.name, shown_lamp.category, shown_lamp.description) == ("מנורה לבנה", "تأثيث", "a\nb")
    with pytest.raises(InvalidCatalogueError, match=r"line 1: name .*: give each product a name"):
        await load(sqlite_database, written(file, lines(LAMP | {"name": "\u202e\u200b"})))


async def test_every_field_can_be_said_in_csv(sqlite_database: Database, file: Path) -> None:
    text = (
        "id,title,description,price,compare_at_price,category,brand,image_link,link,stock,added_at,complements,attribute.Finish,row\n"
        'lamp,"Lamp, ""tall""","Two\nlines",49.90,59,Lighting,Norr,l.png,/p/l,7,2026-02-01,bulb|shade,oak,1\n'
    )
    done = await load(sqlite_database, written(file, text))
    assert done.ignored == ("row",)
    assert await shown(sqlite_database) == [
        Product(
            product_id="lamp",
            name='Lamp, "tall"',
            description="Two\nlines",
            price=49.9,
            compare_at=59,
            category="Lighting",
            brand="Norr",
            image_url="l.png",
            url="/p/l",
            stock=7,
            added_at=datetime(2026, 2, 1, tzinfo=UTC),
            complements=("bulb", "shade"),
            attributes={"Finish": "oak"},
        )
    ]


async def test_importing_again_changes_nothing_and_a_change_is_told(database: Database, file: Path) -> None:
    await load(database, written(file, lines(LAMP, CHAIR)))
    later = NOON + timedelta(days=9)
    assert (await import_catalogue(database, file, now=later)).products == Saved(same=2)
    assert [each.added_at for each in await shown(database)] == [NOON, NOON]  # else each import would make it new again
    written(file, lines({**LAMP, "price": 39}, CHAIR))
    assert (await import_catalogue(database, file, now=later)).products == Saved(changed=1, same=1)


async def test_without_replace_what_is_not_in_the_file_stays(database: Database, file: Path) -> None:
    await load(database, written(file, lines(LAMP, CHAIR)))
    vase = {"product_id": "vase", "name": "Vase", "price": 20}
    await load(database, written(file, lines(vase, CHAIR)))
    assert await ids(database) == ["lamp", "chair", "vase"]
    done = await load(database, written(file, lines(vase, CHAIR)), replace=True)
    assert (done.removed, await ids(database)) == (1, ["vase", "chair"])


async def test_reviews_are_of_products_that_are_known(database: Database, tmp_path: Path, file: Path) -> None:
    reviews = written(tmp_path / "reviews.json", json.dumps([REVIEW, {**REVIEW, "stars": "2", "text": "Dim."}]))
    with pytest.raises(InvalidCatalogueError, match=r"reviews.json: line 1: product_id 'lamp' is no product"):
        await load(database, written(file, lines(CHAIR)), reviews=reviews)
    assert await ids(database) == []
    twice = written(reviews, json.dumps([REVIEW, {"product_id": "lamp", "author": "Al", "stars": "2", "text": "Dim."}]))
    assert (await load(database, written(file, lines(LAMP)), reviews=twice)).reviews == Saved(new=2)
    assert (await load(database, file, reviews=twice)).reviews == Saved(same=2)
    less = await load(database, file, reviews=written(reviews, json.dumps([REVIEW])), replace=True)
    assert (less.reviews, less.reviews_removed) == (Saved(same=1), 1)


GOOD = lines(LAMP)
MISTAKES = {
    "no price": (lines({"product_id": "a", "name": "A"}), "line 1: price is missing: write a number"),
    "price of letters": (lines({**LAMP, "price": "cheap"}), "line 1: price should be a valid number"),
    "price with a sign": (lines(CHAIR, {**LAMP, "price": "$49"}), "line 2: price should be a valid number"),
    "negative": (lines({**LAMP, "price": -1}), "line 1: price should be greater than or equal to 0"),
    "not finite": ('{"product_id": "a", "name": "A", "price": "NaN"}', "line 1: price should be a valid number"),
    "no name": (lines({"product_id": "a", "price": 1}), "line 1: name is missing: give each product a name"),
    "no id": (lines({"name": "A", "price": 1}), "line 1: product_id is missing"),
    "long id": (lines({**LAMP, "product_id": "x" * 201}), "line 1: product_id"),
    "half a piece": (lines({**LAMP, "stock": "1.5"}), "line 1: stock"),
    "date": (lines({**LAMP, "added_at": "yesterday"}), "line 1: added_at"),
    "complements": (lines({**LAMP, "complements": {"a": 1}}), "line 1: complements"),
    "twice": (lines(LAMP, CHAIR, LAMP), "line 3: product_id 'lamp' stands on line 1 already"),
    "picture that is a script": (lines({**LAMP, "image_url": "javascript:alert(1)"}), "line 1: image_url is no web"),
    "address of a file": (lines({**LAMP, "url": "file:///etc/passwd"}), "line 1: url is no web address: begin it"),
    "broken line": (GOOD + "\n{", "line 2: not JSON"),
    "a line of a list": (GOOD + "\n[1]", "line 2: must be an object"),
    "broken list": ("[" + GOOD + ',\n{"product_id": }]', "line 2: not JSON"),
    "list without an end": ("[" + GOOD + ",\n", "line 2: not JSON"),
    "list of numbers": ("[1]", "line 1: must be an object"),
    "too few columns": ("id,name,price\nlamp,Lamp\n", "line 2: 2 columns instead of the header's 3"),
    "open quote": ('id,name,price\nlamp,"Lamp,49\n', "not CSV"),
    "header alone is wrong": ("a,b,c\n1,2,3\n", "line 2: product_id is missing"),
    "empty": (" \n", "the file is empty"),
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.values(), ids=MISTAKES)
async def test_a_mistake_is_named_by_line_field_and_remedy_and_changes_nothing(
    sqlite_database: Database, file: Path, text: str, problem: str
) -> None:
    await load(sqlite_database, written(file, lines(CHAIR)))
    with pytest.raises(InvalidCatalogueError) as refused:
        await load(sqlite_database, written(file, text), replace=True)
    assert problem in str(refused.value)
    assert await ids(sqlite_database) == ["chair"]


async def test_every_mistake_is_told_up_to_a_number(sqlite_database: Database, file: Path) -> None:
    rows: Sequence[dict[str, Any]] = [{"product_id": f"p{number}", "name": "A"} for number in range(MOST_ERRORS + 5)]
    with pytest.raises(InvalidCatalogueError) as refused:
        await load(sqlite_database, written(file, lines(*rows)))
    told = str(refused.value).splitlines()
    assert len(told) == MOST_ERRORS + 1
    assert told[1].startswith("products.txt: line 2: price is missing")
    assert told[-1] == "products.txt: and 5 more"


async def test_what_no_database_can_hold_is_made_harmless(database: Database, file: Path) -> None:
    await load(database, written(file, lines({**LAMP, "name": "La\x00mp", "description": "\ud800"})))
    [lamp] = await shown(database)
    assert lamp.name == "La\N{REPLACEMENT CHARACTER}mp"


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"id,name\n\xff\xfe\x00")
    with pytest.raises(InvalidCatalogueError, match="not UTF-8"):
        list(read_rows(file))
    with pytest.raises(ConfigurationError, match="cannot read"):
        list(read_rows(file.with_name("absent")))


def test_a_long_list_is_read_in_pieces_with_right_line_numbers(file: Path) -> None:
    rows = [{"product_id": f"p{number}", "description": "x" * 300} for number in range(2_000)]
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
    found = list(read_rows(written(file, text)))
    assert [row.line for row in found] == list(range(2, 2_002))
    assert [row.fields for row in found] == rows


async def test_thousands_of_products_go_in_batches(sqlite_database: Database, file: Path) -> None:
    rows = [{"product_id": f"p{number:04}", "name": "A", "price": number} for number in range(1_234)]
    assert (await load(sqlite_database, written(file, lines(*rows)))).products == Saved(new=1_234)
    assert await ids(sqlite_database) == [row["product_id"] for row in rows]
