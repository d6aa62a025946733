using System.Threading.Channels;

namespace Orchestrator.Ledger;

/// <summary>Lines in the order of their writing; a line is on its way to the disk when its task completes.</summary>
internal sealed class AppendOnlyFile : IAsyncDisposable
{
    private readonly Channel<(string Line, TaskCompletionSource Written)> _lines =
        Channel.CreateUnbounded<(string, TaskCompletionSource)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _writing;

    public AppendOnlyFile(string file) => _writing = WriteAsync(file);

    public Task WriteAsync(params ReadOnlySpan<object> fields)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _lines.Writer.TryWrite((string.Join('\t', fields.ToArray()), written));
        return written.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.Complete();
        await _writing;
    }

    private async Task WriteAsync(string file)
    {
        await using var writer = new StreamWriter(new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read));
        var batch = new List<TaskCompletionSource>();
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (batch.Count < 1000 && _lines.Reader.TryRead(out var next))
            {
                await writer.WriteLineAsync(next.Line);
                batch.Add(next.Written);
            }

            await writer.FlushAsync();
            batch.ForEach(written => written.SetResult());
            batch.Clear();
        }
    }
}
