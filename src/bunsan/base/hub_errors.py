"""What went wrong between here and the hub, in words a person can act on.

The hub's library changed its HTTP client twice, and wraps what the client raises; so an error is known by the chain
of its causes and by the names of their classes.
"""

import errno
import ssl
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from bunsan.base.errors import BunsanError, Missing
from bunsan.base.language import tr

_CLIENTS = ("httpx", "httpcore", "requests", "urllib3")  # httpx2 and httpcore2 too


def explain(error: Exception, name: str, revision: str | None) -> Exception:
    """The error to raise in place of `error`, which may be `error` itself when it is not the hub's."""
    if isinstance(error, BunsanError):
        return error
    kinds: Any = import_module("huggingface_hub.errors")
    if isinstance(error, kinds.GatedRepoError):
        return Missing(
            tr(
                f"{name} is given only to those who agreed to its terms.",
                f"{name} は利用条件に同意した人だけに配布されています。",
            ),
            remedy=tr(
                "Agree on its page, then put your token into HF_TOKEN or run `hf auth login`.",
                "配布ページで同意し、トークンを HF_TOKEN に入れるか `hf auth login` を実行してください。",
            ),
        )
    if isinstance(error, kinds.RevisionNotFoundError):
        return Missing(
            tr(f"{name} has no revision {revision!r}.", f"{name} に版 {revision!r} はありません。"),
            remedy=tr("Leave @REVISION out, or correct it.", "@版 を外すか直してください。"),
        )
    if isinstance(error, kinds.RepositoryNotFoundError):
        return Missing(
            tr(
                f"The hub has no model {name} (or it is private).",
                f"ハブに {name} というモデルはありません(または非公開です)。",
            ),
            remedy=tr(
                "`bunsan models search WORDS` finds names; for a private one, set HF_TOKEN.",
                "`bunsan models search 語` で名前を探せます。非公開のものには HF_TOKEN が必要です。",
            ),
        )
    chain = list(_causes(error))
    text = " ".join(str(link) for link in chain).lower()
    if any(isinstance(link, ssl.SSLError) for link in chain) or "certificate_verify" in text:
        return _certificate()
    if any("ProxyError" in type(link).__name__ for link in chain) or " 407" in text:
        return _proxy()
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return BunsanError(
            tr(f"The hub answered with error {status}.", f"ハブがエラー {status} を返しました。"),
            remedy=tr(
                "Try again in a while; what has come is kept.",
                "しばらくしてからやり直してください。届いた分は残っています。",
            ),
        )
    if any(getattr(link, "errno", None) == errno.ENOSPC for link in chain):
        return disk_full()
    if any(_is_network(link) for link in chain):
        return _unreachable()
    return error


def disk_full() -> BunsanError:
    """The disk of the cache is full."""
    return BunsanError(
        tr("There is no room left for the model.", "モデルを置く空きがありません。"),
        remedy=tr(
            "Free some (`bunsan models --local` shows sizes), or point HF_HOME to a larger disk.",
            "空きを作るか(`bunsan models --local` に容量が出ます)、HF_HOME で広いディスクを指定してください。",
        ),
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_network(error: BaseException) -> bool:
    module = type(error).__module__
    return module.startswith(_CLIENTS) or isinstance(error, (ConnectionError, TimeoutError))


def _certificate() -> Missing:
    return Missing(
        tr(
            "The connection to the hub is not trusted: its certificate is not known here.",
            "ハブとの接続を信頼できません(証明書を確認できません)。",
        ),
        remedy=tr(
            "A company network often puts in its own certificate: get its file from your administrator and set "
            "SSL_CERT_FILE (for older libraries also REQUESTS_CA_BUNDLE) to it.",
            "社内ネットワークでは独自の証明書が使われることがあります。管理者からそのファイルをもらい、"
            "SSL_CERT_FILE(古いライブラリでは REQUESTS_CA_BUNDLE も)にその場所を設定してください。",
        ),
    )


def _proxy() -> Missing:
    return Missing(
        tr("The proxy did not let the connection through.", "プロキシが接続を通しませんでした。"),
        remedy=tr(
            "Check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and NO_PROXY.",
            "HTTPS_PROXY(http://ユーザー:パスワード@ホスト:ポート)と NO_PROXY を確かめてください。",
        ),
    )


def _unreachable() -> Missing:
    return Missing(
        tr("The hub cannot be reached.", "ハブにつながりません。"),
        remedy=tr(
            "Check the network; behind a proxy set HTTPS_PROXY, with a company certificate SSL_CERT_FILE. "
            "Without a network, copy the model's folder here and give its path; "
            "`bunsan models --local` lists what is here.",
            "ネットワークを確かめてください。プロキシがあれば HTTPS_PROXY、社内の証明書があれば SSL_CERT_FILE を"
            "設定します。ネットワークがなければ、モデルのフォルダーをコピーしてその場所を指定してください。"
            "手元のモデルは `bunsan models --local` で一覧できます。",
        ),
    )
