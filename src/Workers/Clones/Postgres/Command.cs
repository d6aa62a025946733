using System.Diagnostics;
using System.Text;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>What a command that ran to its end said.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The last line that was written to standard error, else to standard output.</summary>
    public string LastLine => (Error.Trim().Length > 0 ? Error : Output).Trim().Split('\n')[^1].Trim();
}

/// <summary>Programs that run to their end, with an environment of their own. They die with this process.</summary>
internal static class Command
{
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const int LongestOutput = 1 << 20;

    /// <summary>Starts a program on the thread that never ends, so that the kernel ends it when this process ends.</summary>
    public static Task<Process> StartAsync(IEnumerable<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo("/usr/bin/setpriv")
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (IEnumerable<string>)["--pdeathsig", "KILL", "--", .. command])
            info.ArgumentList.Add(argument);
        info.Environment.Clear();
        info.Environment["PATH"] = DefaultPath;
        info.Environment["LANG"] = "C.UTF-8";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            info.Environment[name] = value;
        return SpawnThread.RunAsync(() => Process.Start(info)!);
    }

    /// <summary>Runs a program to its end, and kills it when the token is cancelled.</summary>
    public static async Task<CommandResult> RunAsync(
        IEnumerable<string> command, CancellationToken cancellationToken, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = await StartAsync(command, environment);
        try
        {
            var output = ReadAsync(process.StandardOutput);
            var error = ReadAsync(process.StandardError);
            try
            {
                if (input is not null)
                    await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all: its exit code says why.
            }

            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <exception cref="IOException">It did not; the message holds its last line.</exception>
    public static async Task<CommandResult> RequireAsync(
        IEnumerable<string> command, CancellationToken cancellationToken, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        string[] all = [.. command];
        var result = await RunAsync(all, cancellationToken, input, environment);
        return result.Succeeded ? result : throw new IOException($"{Path.GetFileName(all[0])} ended with {result.ExitCode}: {result.LastLine}");
    }

    private static async Task<string> ReadAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > LongestOutput)
                text.Remove(0, text.Length - (LongestOutput / 2));
        }

        return text.ToString();
    }
}
