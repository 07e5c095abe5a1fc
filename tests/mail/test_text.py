"""Plain text from HTML."""

import pytest

from mail.text import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; <b>three</b></p>", "One\n\nTwo & three\n"),
        ("<p>One<br>Two</p>", "One\nTwo\n"),
        ('<a href="https://a.example/?x=1&amp;y=2">Go</a> now', "Go <https://a.example/?x=1&y=2> now\n"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example\n"),
        ('<a href="mailto:a@shop.example">a@shop.example</a>', "a@shop.example\n"),
        ('<a href="#top">Up</a>', "Up\n"),
        ('<a href="https://a.example"><img src="x" alt="Lamp"></a>', "\n"),
        ("<table><tr><td><p>Deep</p></td><td> </td></tr></table>", "Deep\n"),
        ("<table><tr><td>Lamp</td><td>$5</td></tr><tr><td>Rug</td><td>$9</td></tr></table>", "Lamp | $5\nRug | $9\n"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two\n"),
        ('<div style="display:none">hidden</div><!-- c --><style>p{}</style><script>x</script>shown', "shown\n"),
        ("a\n   b\t c&nbsp;d", "a b c d\n"),
        ("", "\n"),
        ("<p>\ue000odd\ue002</p>", "odd\n"),
    ],
)
def test_text_reads_as_the_mail_does(html: str, text: str) -> None:
    assert to_text(html) == text
