using System.Security.Cryptography;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// Text that one host alone can read: AES-256-GCM under a key of its own, which travels under the host's RSA key. The
/// host's private key never leaves its machine.
/// </summary>
public static class SealedSecret
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>A new key pair, as its PKCS#8 bytes.</summary>
    public static byte[] NewPrivateKey()
    {
        using var rsa = RSA.Create(3072);
        return rsa.ExportPkcs8PrivateKey();
    }

    public static byte[] PublicKeyOf(byte[] privateKey)
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(privateKey, out _);
        return rsa.ExportSubjectPublicKeyInfo();
    }

    public static byte[] Seal(byte[] publicKey, ReadOnlySpan<byte> secret)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        var wrapped = rsa.Encrypt(key, RSAEncryptionPadding.OaepSHA256);
        var sealedBytes = new byte[wrapped.Length + NonceBytes + TagBytes + secret.Length];
        wrapped.CopyTo(sealedBytes, 0);
        var nonce = sealedBytes.AsSpan(wrapped.Length, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, secret, sealedBytes.AsSpan(wrapped.Length + NonceBytes + TagBytes), sealedBytes.AsSpan(wrapped.Length + NonceBytes, TagBytes));
        return sealedBytes;
    }

    /// <exception cref="CryptographicException">It was sealed for another host, or changed.</exception>
    public static byte[] Open(byte[] privateKey, byte[] sealedBytes)
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(privateKey, out _);
        var wrapped = rsa.KeySize / 8;
        if (sealedBytes.Length < wrapped + NonceBytes + TagBytes)
            throw new CryptographicException("It is too short.");
        using var aes = new AesGcm(rsa.Decrypt(sealedBytes.AsSpan(0, wrapped), RSAEncryptionPadding.OaepSHA256), TagBytes);
        var secret = new byte[sealedBytes.Length - wrapped - NonceBytes - TagBytes];
        aes.Decrypt(
            sealedBytes.AsSpan(wrapped, NonceBytes), sealedBytes.AsSpan(wrapped + NonceBytes + TagBytes), sealedBytes.AsSpan(wrapped + NonceBytes, TagBytes), secret);
        return secret;
    }
}
