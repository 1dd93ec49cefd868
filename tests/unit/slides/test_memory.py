import threading

import torch

from lectern.slides.memory import Pool

SHAPE = (2, 512, 1024, 3)


def test_memory_is_used_again_once_nobody_holds_it():
    pool = Pool()
    first = pool.empty(SHAPE)
    view, place = first[1], first.data_ptr()
    del first
    assert pool.empty(SHAPE).data_ptr() != place  # a view still holds it
    del view
    assert pool.empty(SHAPE).data_ptr() == place


def test_a_tensor_in_use_is_never_given_twice():
    pool = Pool()
    kept = [pool.empty(SHAPE).fill_(number) for number in range(4)]
    assert len({tensor.data_ptr() for tensor in kept}) == 4
    assert [float(tensor.mean()) for tensor in kept] == [0, 1, 2, 3]


def test_a_copy_is_a_copy():
    source = torch.rand(SHAPE)
    copy = Pool().copy(source)
    assert torch.equal(copy, source) and copy.data_ptr() != source.data_ptr()
    copy.zero_()
    assert source.any()


def test_sizes_do_not_disturb_each_other():
    pool = Pool()
    large, small = pool.empty(SHAPE), pool.empty((1, 512, 1024, 3))
    places = large.data_ptr(), small.data_ptr()
    del large, small
    assert (pool.empty(SHAPE).data_ptr(), pool.empty((1, 512, 1024, 3)).data_ptr()) == places


def test_memory_is_bounded():
    pool = Pool(largest=2 * 2 * 512 * 1024 * 3 * 4)
    tensors = [pool.empty(SHAPE) for _ in range(5)]
    tensors.clear()
    assert len(pool._free) == 2
    assert pool.empty((4, 1024, 1024, 3)).shape[0] == 4  # over the limit: plain memory


def test_memory_is_let_go_when_idle():
    pool = Pool(idle_seconds=0)
    pool.empty(SHAPE)
    assert pool._timer is not None
    pool._timer.join(timeout=10)
    assert pool._free == []


def test_small_tensors_are_plain():
    pool = Pool()
    pool.empty((1, 8, 8, 3))
    assert pool._free == []


def test_threads_do_not_mix_blocks():
    pool, wrong = Pool(), []

    def work(number: int) -> None:
        for _ in range(50):
            tensor = pool.empty(SHAPE)
            tensor[0, 0, 0, 0] = number
            if tensor[0, 0, 0, 0] != number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
