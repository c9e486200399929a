"""Several at once, in threads."""

import threading
from collections.abc import Callable


def all_at_once(act: Callable[[int], object], count: int) -> None:
    """Call ``act`` with 0, 1, … from so many threads that begin together; none of them may raise."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
