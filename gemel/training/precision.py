"""Which numbers the network multiplies while it learns; its weights are float32 always."""

import torch


def uses_bfloat16(precision: str, device: torch.device, *, is_exact: bool = False) -> bool:
    """Resolve the setting `training.precision` on this machine.

    Args:
        precision: "float32", "bfloat16", or "auto": bfloat16 where the device multiplies it
            (elsewhere it would be slow).
        device: where the network learns.
        is_exact: whether Trax's numbers are promised (see `NetworkConfig.is_exact`), so that
            "auto" is float32.
    """
    if precision == "auto" and is_exact:
        return False
    if precision == "auto" and device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if precision == "auto":
        # Torch tells only by a private name; one day without it costs speed, not answers.
        is_supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return is_supported is not None and bool(is_supported())
    return precision == "bfloat16"
