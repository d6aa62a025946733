using Orchestrator.Sagas.Clones;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>
/// The private key of a storage directory, in a file that its owner alone can read: what is sealed for this host (the
/// passwords of sources) can be opened here and nowhere else.
/// </summary>
internal sealed class HostKey
{
    private readonly byte[] _private;

    private HostKey(byte[] privateKey) => (_private, Public) = (privateKey, SealedSecret.PublicKeyOf(privateKey));

    public byte[] Public { get; }

    /// <summary>Reads the key of the directory, or makes one. The caller holds the directory.</summary>
    public static async Task<HostKey> OpenAsync(string directory, CancellationToken cancellationToken)
    {
        var file = Path.Combine(directory, "key");
        if (File.Exists(file))
            return new HostKey(await File.ReadAllBytesAsync(file, cancellationToken));
        var key = SealedSecret.NewPrivateKey();
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var stream = new FileStream(file + ".next", options))
        {
            await stream.WriteAsync(key, cancellationToken);
            stream.Flush(flushToDisk: true);
        }

        File.Move(file + ".next", file);
        return new HostKey(key);
    }

    /// <exception cref="System.Security.Cryptography.CryptographicException">It was sealed for another host.</exception>
    public byte[] Open(byte[] sealedBytes) => SealedSecret.Open(_private, sealedBytes);
}
