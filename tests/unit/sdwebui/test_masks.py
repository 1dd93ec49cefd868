import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lectern.sdwebui.errors import RequestError
from lectern.sdwebui.masks import laid_over, server_mask


def half(height: int, width: int) -> torch.Tensor:
    mask = torch.zeros(height, width)
    mask[:, width // 2 :] = 1
    return mask


@given(st.integers(1, 8), st.integers(8, 40), st.integers(8, 40), st.booleans(), st.booleans())
def test_a_mask_is_fitted_to_its_picture_and_left_alone(scale, height, width, soft, inverted):
    mask = half(height * scale, width * scale)
    before = mask.clone()
    made = server_mask(mask, height, width, soft, inverted)
    assert made.shape == (height, width) and made.min() >= 0 and made.max() <= 1
    assert soft or set(made.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(mask, before)


def test_grey_is_rounded_unless_it_is_meant():
    mask = torch.tensor([[0.2, 0.6]]).repeat(8, 8)
    assert server_mask(mask, 8, 16, soft=False, inverted=False).unique().tolist() == [0, 1]
    assert torch.equal(server_mask(mask, 8, 16, soft=True, inverted=False), mask)


@pytest.mark.parametrize("mask", [torch.ones(8), torch.ones(1, 8, 8)])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(RequestError, match="shape"):
        server_mask(mask, 8, 8, soft=False, inverted=False)


@pytest.mark.parametrize("inverted", [False, True])
def test_the_original_lies_over_what_is_kept(inverted):
    original, result = torch.zeros(32, 32, 3), torch.ones(64, 64, 3)
    whole = laid_over(original, result, half(32, 32), inverted, blur=2)
    left, right = whole[:, :20].mean(), whole[:, 44:].mean()
    assert (float(left), float(right)) == pytest.approx((1, 0) if inverted else (0, 1), abs=0.01)
    edge = whole[32, :, 0]
    assert ((edge[1:] - edge[:-1]).abs() < 0.3).all()  # soft
    assert original.max() == 0 and result.min() == 1


def test_without_blur_the_edge_is_hard():
    whole = laid_over(torch.zeros(8, 8, 3), torch.ones(8, 8, 3), half(8, 8), False, blur=0)
    assert whole[0, :, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
