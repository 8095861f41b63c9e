"""What all pages of ours have: escaping, letters that can be seen, one style, a script by its hash.

A page is a template called `page.html` that includes `head.html` and `foot.html`, with a style and
a script of its own behind `base.css` and `base.js`.
"""

import hashlib
import re
import unicodedata
from base64 import b64encode
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hwcli import __version__
from hwcli.characters import codepoints
from hwcli.report.confidence import confidence_text
from hwcli.report.page.letters import Letters, is_plain
from hwcli.report.suspects import percent, share

_HERE = "hwcli.report.page"
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


def render(package: str, names: tuple[str, str], more_style: str = "", **told: object) -> str:
    """The page that the templates of `package` make.

    Args:
        package: where its `templates/page.html` lies, and its style and script.
        names: of its style and its script.
        more_style: CSS that is made for this page.
        told: what the templates write.
    """
    letters = Letters()
    style, script = (
        _part(_HERE, base) + _part(package, name)
        for base, name in zip(("base.css", "base.js"), names, strict=True)
    )
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment(letters, package)
        .get_template("page.html")
        .render(
            version=__version__,
            style=Markup(style + more_style),
            script=Markup(script),
            script_hash=digest,
            letters=letters,
            **told,
        )
    )


def _part(package: str, name: str) -> str:
    return (files(package) / name).read_text("utf-8")


def _environment(letters: Letters, package: str) -> Environment:
    """Templates in which every text that is written is escaped, and drawn where it has to be."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_HERE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: letters.html(value) if type(value) is str else value,
    )
    environment.filters |= {
        "a": _attribute,
        "char": letters.char,
        "code": lambda text: Markup("").join(_linked(text, letters)),
        "codepoints": codepoints,
        "confidence": confidence_text,
        "n": lambda value: f"{value:,}",
        "pct": lambda value, digits=2: f"{100 * value:.{digits}f} %",
        "short_pct": percent,
        "share": share,
        "spoken": spoken,
        "typed": lambda text: text if is_plain(text) else codepoints(text),
    }
    return environment


def _attribute(text: object) -> Markup:
    """`text` within the quotes of an attribute; what would be lost in reading it is escaped."""
    safe = str(escape(str(text)))
    return Markup(safe.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;"))


def _linked(text: str, letters: Letters) -> list[Markup]:
    """`text`, the addresses in it as links."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;)")
        parts.append(letters.html(text[end : match.start()]))
        link = '<a href="{}" rel="noreferrer">{}</a>'
        parts.append(Markup(link).format(_attribute(address), letters.html(address)))
        end = match.start() + len(address)
    return [*parts, letters.html(text[end:])]


def spoken(name: str) -> str:
    """A class in words, for an image's description: itself, or the names of what has no sound."""
    if name.isalnum():
        return name
    return " ".join(unicodedata.name(c, codepoints(c)).lower() for c in name) or "nothing"
