using System.Globalization;

namespace Orchestrator.Local.Servers;

/// <summary>A user of this machine that a server runs as.</summary>
public sealed record SystemUser(string Name, uint Uid, uint Gid)
{
    /// <summary>
    /// The user for a server that must not run as root: <paramref name="preferred"/>, else <c>nobody</c>;
    /// null when this process is not root and everything runs as the current user.
    /// </summary>
    public static SystemUser? Unprivileged(string preferred)
    {
        if (!Environment.IsPrivilegedProcess)
            return null;
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length >= 4).ToList();
        var entry = users.Find(fields => fields[0] == preferred) ?? users.Find(fields => fields[0] == "nobody")
            ?? throw new ServerStartException($"there is neither a user {preferred} nor nobody on this machine, and a server must not run as root");
        return new SystemUser(entry[0], uint.Parse(entry[2], CultureInfo.InvariantCulture), uint.Parse(entry[3], CultureInfo.InvariantCulture));
    }
}
