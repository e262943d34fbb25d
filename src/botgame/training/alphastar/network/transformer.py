"""A transformer layer over a set: masked attention, then a network for each member, each followed by a layer norm.

Post-layer-norm as in "Attention is all you need" (Vaswani et al., 2017) and AlphaStar. There are no positional
encodings: a set has no order, and the place of an entity is among its features.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

ABSENT = -1e9  # added to the score of an absent member: exp() of it is 0, and a set of absent ones gives no NaN


class TransformerLayer(nn.Module):
    """`heads` attention heads that share `width`, and a network of `hidden` units."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(self, members: Tensor, absent: Tensor) -> Tensor:
        """Members [N, E, W] and `absence` of their mask -> [N, E, W]; rows of absent members have no meaning."""
        rows, size, width = members.shape
        projected = self.query_key_value(members).view(rows, size, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)  # [N, heads, E, W / heads]
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=absent)
        members = self.norms[0](members + self.output(attended.transpose(1, 2).reshape(rows, size, width)))
        normed: Tensor = self.norms[1](members + self.second(functional.relu(self.first(members))))
        return normed


def absence(mask: Tensor, like: Tensor) -> Tensor:
    """Additive mask for attention, of the type of `like`: bool [N, E] -> [N, 1, 1, E], 0 where present."""
    return like.new_zeros(mask.shape).masked_fill(~mask, ABSENT)[:, None, None, :]
