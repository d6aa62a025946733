"""celery_bench.py N: sends N jobs that do nothing to a worker of two processes, and says how many a second were sent and done."""
import os
import subprocess
import sys
import time

from celery import Celery

app = Celery("celery_bench", broker=os.environ["BROKER"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64, task_acks_late=False, broker_connection_retry_on_startup=True)
done = os.environ.get("DONE_FILE")


@app.task
def noop(number):
    # The last one tells; jobs of two processes may swap places at the very end.
    with open(done, "ab", buffering=0) as file:
        file.write(b".")


def main():
    count = int(sys.argv[1])
    environment = dict(os.environ, DONE_FILE=f"/tmp/celery-bench-{os.getpid()}", C_FORCE_ROOT="1")
    open(environment["DONE_FILE"], "wb").close()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_bench", "worker", "--concurrency=2", "--loglevel=ERROR", "--without-gossip", "--without-mingle"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def finished():
            return os.path.getsize(environment["DONE_FILE"])

        for number in range(200):
            noop.delay(number)
        while finished() < 200:
            time.sleep(0.01)
        begin = time.perf_counter()
        for number in range(count):
            noop.delay(number)
        while finished() < 200 + count:
            time.sleep(0.01)
        print(f"celery: {count} jobs sent and done, per second: {count / (time.perf_counter() - begin):.0f}")
    finally:
        worker.terminate()
        worker.wait()
        os.unlink(environment["DONE_FILE"])


if __name__ == "__main__":
    main()
