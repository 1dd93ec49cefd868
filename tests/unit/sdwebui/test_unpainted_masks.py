"""What Load Image gives for a picture without a mask: 64x64 and black, whatever the picture's shape."""

import pytest
import torch

from lectern.sdwebui.errors import RequestError
from lectern.sdwebui.masks import server_mask

UNPAINTED = torch.zeros(64, 64)


@pytest.mark.parametrize("soft", [False, True])
def test_an_unpainted_mask_is_called_blank_and_not_of_another_shape(soft):
    with pytest.raises(RequestError, match="black everywhere"):
        server_mask(UNPAINTED, 700, 1000, soft, inverted=False)


def test_a_painted_mask_of_another_shape_is_told():
    with pytest.raises(RequestError, match="different shapes"):
        server_mask(torch.ones(64, 64), 700, 1000, soft=False, inverted=False)
