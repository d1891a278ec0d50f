using System.Collections.Immutable;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Egress.Composition;

/// <summary>What a meeting's owner has chosen for the composition of a session. Immutable; a change makes another one.</summary>
public sealed record SceneDirection
{
    /// <summary>What holds where nothing was chosen.</summary>
    public static readonly SceneDirection None = new();

    /// <summary>How the pictures are laid out; default <see cref="SceneLayout.Automatic"/>, which leaves it as the scene has it.</summary>
    public SceneLayout Layout { get; init; }

    /// <summary>Most tiles of a grid, 1 to 25; default 25.</summary>
    public int MostTiles { get; init; } = SceneArrangement.MaxTiles;

    /// <summary>Whether who has no picture to show has no tile either.</summary>
    public bool HidesWithoutPicture { get; init; }

    /// <summary>Peers that come before the others, in this order.</summary>
    public ImmutableArray<string> First { get; init; } = [];

    /// <summary>What was chosen for single peers, by <see cref="ScenePeer.Id"/>.</summary>
    public ImmutableDictionary<string, PeerDirection> Peers { get; init; } = ImmutableDictionary<string, PeerDirection>.Empty;

    /// <summary>What was chosen for a peer.</summary>
    public PeerDirection Of(string peerId) => Peers.GetValueOrDefault(peerId, PeerDirection.None);

    /// <summary>Whether a peer has a place that was chosen for it.</summary>
    public bool Places(string peerId) => First.Contains(peerId) || Of(peerId) is { Seat: not null } or { FillsPicture: true };

    /// <summary>The same with something else chosen for one peer.</summary>
    public SceneDirection With(string peerId, Func<PeerDirection, PeerDirection> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var changed = change(Of(peerId));
        return this with { Peers = changed == PeerDirection.None ? Peers.Remove(peerId) : Peers.SetItem(peerId, changed) };
    }

    /// <summary>A scene as it is to be composed. Pure.</summary>
    public Scene Apply(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        if (this == None)
        {
            return scene;
        }

        var directed = scene.Peers.Select(Directed).ToList();
        var order = directed.Where(peer => First.Contains(peer.Id)).OrderBy(peer => First.IndexOf(peer.Id))
            .Concat(directed.Where(peer => !First.Contains(peer.Id))).ToList();

        // Who has a seat takes it, the others fill the seats between.
        var free = new Queue<ScenePeer>(order.Where(peer => Of(peer.Id).Seat is null));
        var seated = new Queue<ScenePeer>(order.Where(peer => Of(peer.Id).Seat is not null).OrderBy(peer => Of(peer.Id).Seat));
        var peers = ImmutableArray.CreateBuilder<ScenePeer>(order.Count);
        while (free.Count + seated.Count > 0)
        {
            var isDue = seated.TryPeek(out var next) && (free.Count == 0 || Of(next.Id).Seat <= peers.Count);
            peers.Add(isDue ? seated.Dequeue() : free.Dequeue());
        }

        var filling = order.Find(peer => Of(peer.Id).FillsPicture);
        return scene with
        {
            Layout = filling is not null ? SceneLayout.Spotlight : Layout is SceneLayout.Automatic ? scene.Layout : Layout,
            MostTiles = MostTiles,
            SpotlightId = filling?.Id ?? scene.SpotlightId,
            Peers = peers.MoveToImmutable(),
        };
    }

    private ScenePeer Directed(ScenePeer peer)
    {
        var chosen = Of(peer.Id);
        var hasPicture = peer.Camera is { IsPaused: false } || peer.Screen is { IsPaused: false };
        return peer with
        {
            IsUnseen = peer.IsUnseen || chosen.IsUnseen || (HidesWithoutPicture && !hasPicture),
            Microphone = peer.Microphone is { } sound && (chosen.GainDb != 0 || chosen.GateDb is not null)
                ? sound with { GainDb = chosen.Sensitivity <= 0 ? SceneTrack.SilentDb : chosen.GainDb, GateDb = chosen.GateDb }
                : peer.Microphone,
        };
    }
}

/// <summary>What a meeting's owner has chosen for one peer in the composition.</summary>
public sealed record PeerDirection
{
    /// <summary>What holds where nothing was chosen.</summary>
    public static readonly PeerDirection None = new();

    /// <summary>Which seat of the layout it has, from 0; null for the next that is free.</summary>
    public int? Seat { get; init; }

    /// <summary>Whether it is heard and not seen.</summary>
    public bool IsUnseen { get; init; }

    /// <summary>Whether it alone fills the picture.</summary>
    public bool FillsPicture { get; init; }

    /// <summary>How much louder or softer its microphone is, in decibels, -50 to 50.</summary>
    public double GainDb { get; init; }

    /// <summary>The most sensitive that a microphone can be.</summary>
    public const double MostSensitivity = 100;

    /// <summary>How sensitive microphones are unless chosen otherwise: as they are sent.</summary>
    public const double UsualSensitivity = 30;

    /// <summary>
    /// How sensitive its microphone is, 0 to 100; default 30. From 30 on all of it is heard; below, only what is as loud as the gate
    /// asks: -60 dBFS just below 30, 2 dB more for each step, and nothing at 0.
    /// </summary>
    public double Sensitivity { get; init; } = UsualSensitivity;

    /// <summary>The level below which its microphone is silent, in dBFS; null where all of it is heard.</summary>
    public double? GateDb => Sensitivity >= UsualSensitivity ? null : -2 * Sensitivity;
}
