"""How large a model is: weights by part, bytes on disk."""

from pathlib import Path

from potstill.errors import ModelError
from potstill.hub import Encoder, count_parameters
from potstill.results import Parameters


def split_parameters(encoder: Encoder) -> Parameters:
    """Count the weights of each part."""
    counts = count_parameters(encoder)
    return Parameters(
        embeddings=counts.embeddings,
        encoder=counts.encoder,
        pooler=counts.pooler,
        head=counts.head,
        total=counts.total,
    )


def weight_bytes(encoder: Encoder) -> int:
    """Compute what the weights take in a safetensors file, without writing one."""
    sizes = {
        (tensor.data_ptr(), tensor.shape): tensor.numel() * tensor.element_size()
        for tensor in encoder.model.state_dict().values()
    }
    return sum(sizes.values())


def safetensors_bytes(folder: Path) -> int:
    """Add up the weight files of a saved model."""
    sizes = [path.stat().st_size for path in folder.glob("*.safetensors")]
    if not sizes:
        raise ModelError(
            f"model folder '{folder}' holds no safetensors file; give a folder written by save_pretrained."
        )
    return sum(sizes)
