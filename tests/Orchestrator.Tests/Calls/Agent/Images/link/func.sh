ln -s ../../run/other.sock ${FN_LISTENER#unix:}
exec sleep 1000
