"""What the processor can do: it decides how fast a model learns and answers, and the last digits of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")  # x86, x86, ARM
_INT8 = ("avx512_vnni", "avx_vnni", "amx_int8", "i8mm", "dot")


def has_bfloat16() -> bool:
    """Whether matrix products in bfloat16 are the processor's or GPU's own.

    Where they are not, torch 2.13 takes 80 times as long for one as in float32 (AVX2, two cores). An older
    torch, which cannot tell, is taken to have none.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _can(_BFLOAT16)


def instructions() -> str:
    """The processor's vector instructions that matter here, as in ``AVX512 with int8 and bfloat16``."""
    own = [name for name, ways in (("int8", _INT8), ("bfloat16", _BFLOAT16)) if _can(ways)]
    width = torch.backends.cpu.get_cpu_capability()
    return f"{width} with {' and '.join(own)}" if own else width


def _can(ways: tuple[str, ...]) -> bool:
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(way) for way in ways)
