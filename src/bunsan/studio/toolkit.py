"""Gradio, prepared so that nothing leaves this machine; imported only when a studio opens."""

import atexit
import os
import shutil
import tempfile
from typing import Any

# Read when gradio is imported: no counting of users, no look for a newer version; what is dropped
# lies in a folder of its own, which goes with the studio.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
if "GRADIO_TEMP_DIR" not in os.environ:
    _uploads = tempfile.mkdtemp(prefix="bunsan-uploads-")
    atexit.register(shutil.rmtree, _uploads, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = _uploads

from bunsan.base.language import tr
from bunsan.base.optional import optional

gr: Any = optional("gradio", "gradio", "studio", en="The studio", ja="スタジオ")

# The reader's own fonts; where they lack Japanese, the one that comes with bunsan (see app.py).
SANS = (
    "system-ui",
    "-apple-system",
    "Hiragino Sans",
    "Yu Gothic UI",
    "Yu Gothic",
    "Noto Sans JP",
    "Noto Sans CJK JP",
    "Meiryo",
    "bunsan-fallback",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Menlo", "monospace", "bunsan-fallback")


def markup(value: str = "", *, js_on_load: str | None = None, **options: Any) -> Any:
    """A block of markup without looks of its own; see `pieces`."""
    return gr.HTML(value, js_on_load=js_on_load, apply_default_css=False, **options)


def keeping(label: str, example: str, *, visible: bool, elem_id: str | None = None) -> Any:
    """A field for the folder in which what is made stays."""
    return gr.Textbox(
        label=label,
        info=tr(
            "Left empty, it is gone when the studio closes.",
            "空のままなら、スタジオの終了とともに消えます。",
        ),
        placeholder=example,
        visible=visible,
        elem_id=elem_id,
    )


def theme() -> Any:
    """Paper, ink, and one blue."""
    blue = gr.themes.Color(
        name="ai",  # the blue of indigo-dyed cloth
        c50="#f1f5fa",
        c100="#dfe8f3",
        c200="#c0d2e6",
        c300="#96b3d3",
        c400="#6a90bb",
        c500="#47719f",
        c600="#345a87",
        c700="#2a486d",
        c800="#213955",
        c900="#182a40",
        c950="#0f1b2a",
    )
    paper = gr.themes.Color(
        name="paper",
        c50="#fafaf8",
        c100="#f3f3f0",
        c200="#e5e5e0",
        c300="#d2d2cc",
        c400="#a3a49f",
        c500="#73756f",
        c600="#565852",
        c700="#3c3f42",
        c800="#25282c",
        c900="#1a1d21",
        c950="#131518",
    )
    made = gr.themes.Base(
        primary_hue=blue,
        secondary_hue=blue,
        neutral_hue=paper,
        font=list(SANS),
        font_mono=list(MONO),
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=gr.themes.sizes.text_md,
    )
    return made.set(
        body_background_fill="#fafaf8",
        body_background_fill_dark="#131518",
        body_text_color="#1f2226",
        body_text_color_dark="#e9eaec",
        body_text_color_subdued="#666962",
        body_text_color_subdued_dark="#a2a7ae",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="#565852",
        block_label_text_color_dark="#a2a7ae",
        block_title_text_color="#565852",
        block_title_text_color_dark="#a2a7ae",
        block_title_text_weight="500",
        block_padding="0px",
        block_info_text_color="#73756f",
        block_info_text_color_dark="#8e949c",
        panel_background_fill="transparent",
        panel_background_fill_dark="transparent",
        panel_border_width="0px",
        layout_gap="18px",
        form_gap_width="14px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1c1f24",
        input_border_color="#d2d2cc",
        input_border_color_dark="#3a3f47",
        input_border_width="1px",
        input_border_color_focus="#47719f",
        input_border_color_focus_dark="#6a90bb",
        input_shadow="none",
        input_shadow_focus="0 0 0 3px #47719f33",
        input_shadow_focus_dark="0 0 0 3px #6a90bb44",
        button_primary_background_fill="#345a87",
        button_primary_background_fill_hover="#2a486d",
        button_primary_background_fill_dark="#47719f",
        button_primary_background_fill_hover_dark="#5a83b0",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_primary_border_color="transparent",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f3f3f0",
        button_secondary_background_fill_dark="#1c1f24",
        button_secondary_background_fill_hover_dark="#25292f",
        button_secondary_border_color="#d2d2cc",
        button_secondary_border_color_dark="#3a3f47",
        button_secondary_text_color="#1f2226",
        button_secondary_text_color_dark="#e9eaec",
        button_border_width="1px",
        button_large_text_weight="500",
        button_large_padding="9px 16px",
        button_large_radius="8px",
        button_small_radius="7px",
        shadow_drop="none",
        shadow_drop_lg="none",
        slider_color="#47719f",
        slider_color_dark="#6a90bb",
        checkbox_background_color_selected="#345a87",
        checkbox_background_color_selected_dark="#6a90bb",
        checkbox_border_color_selected="#345a87",
        border_color_primary="#e5e5e0",
        border_color_primary_dark="#2b2f36",
        link_text_color="#345a87",
        link_text_color_dark="#96b3d3",
    )
