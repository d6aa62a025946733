using System.Globalization;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>The programs of one major version of Postgres.</summary>
internal sealed record PostgresBinaries(int Version, string Directory)
{
    private const string Debian = "/usr/lib/postgresql";

    /// <summary>What must be seen to run them.</summary>
    public string Prefix => Path.GetDirectoryName(Directory)!;

    public string Program(string name) => Path.Combine(Directory, name);

    /// <summary>All versions on this machine, the newest first.</summary>
    /// <param name="directory">The one to use, or empty for those below <c>/usr/lib/postgresql</c>.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IReadOnlyList<PostgresBinaries>> FindAsync(string directory, CancellationToken cancellationToken)
    {
        string[] candidates = directory.Length > 0 ? [directory]
            : System.IO.Directory.Exists(Debian) ? [.. System.IO.Directory.EnumerateDirectories(Debian).Select(version => Path.Combine(version, "bin"))] : [];
        var found = new List<PostgresBinaries>();
        foreach (var candidate in candidates.Where(candidate => File.Exists(Path.Combine(candidate, "postgres"))))
        {
            // "postgres (PostgreSQL) 15.18 (Debian …)"
            var answer = await Command.RequireAsync([Path.Combine(candidate, "postgres"), "--version"], cancellationToken);
            var number = answer.Output.Split(' ').SkipWhile(word => word is not "(PostgreSQL)").ElementAtOrDefault(1) ?? "";
            var major = string.Concat(number.TakeWhile(char.IsAsciiDigit));
            if (major.Length > 0)
                found.Add(new PostgresBinaries(int.Parse(major, CultureInfo.InvariantCulture), Path.GetFullPath(candidate)));
        }

        return [.. found.OrderByDescending(binaries => binaries.Version)];
    }
}
